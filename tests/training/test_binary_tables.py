"""What the binary codec's training leaves to look at."""

import numpy as np
from PIL import Image

from tests.binary_factory import TINY
from tfcomp import config as config_module


def test_a_picture_of_bits_shows_each_channel_and_greys_what_is_not_sent():
    from tfcomp.families.binary.demonstration import picture_of_bits

    bits = np.zeros((2, 3, 4), np.int32)
    bits[0, 1, 1] = 1
    picture = picture_of_bits(bits, sent=2)
    assert picture.shape == (2 * 3, 2 * 4, 3)  # 2x2 channels, a pixel's gap after each
    assert picture[0, 4 + 1, 0] == 255 and picture[0, 4, 0] == 0
    assert (picture[:2, :3] == 0).all()
    assert (picture[3:5] == 128).all()


def test_the_command_trains_shows_and_shows_again(tmp_path, capsys):
    from tfcomp.families.binary import demonstration as binary_demonstration
    from tfcomp.training import cli

    run = tmp_path / "run"
    arguments = ["--model", "binary", "--config", str(TINY), "--steps", "3", "--out", str(run)]
    assert cli.main(arguments) == 0
    with Image.open(run / "codes.png") as sheet:
        first = np.asarray(sheet)
    assert first.shape[1] == 5 * 132  # original, bits, three qualities
    (run / "codes.png").unlink()
    assert binary_demonstration.main([str(run)]) == 0
    assert "samples, codes, decoded" in capsys.readouterr().out
    np.testing.assert_array_equal(np.asarray(Image.open(run / "codes.png")), first)
    assert binary_demonstration.main([str(tmp_path)]) == 2


def test_a_run_of_another_family_is_refused(tmp_path, monkeypatch, capsys):
    from tfcomp.families.binary import demonstration as binary_demonstration
    from tfcomp.runs import run_folder

    cycle = config_module.from_dict({})
    monkeypatch.setattr(run_folder, "load_model", lambda folder: (None, cycle))
    assert binary_demonstration.main([str(tmp_path)]) == 2
    assert "cycle" in capsys.readouterr().err

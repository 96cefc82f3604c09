"""What the binary codec's training leaves to look at, and the comparison of ways to make bits."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from tests.binary_factory import TINY
from tfcomp import config as config_module


def test_a_picture_of_bits_shows_each_channel_and_greys_what_is_not_sent():
    from tfcomp.training.binary_demonstration import picture_of_bits

    bits = np.zeros((2, 3, 4), np.int32)
    bits[0, 1, 1] = 1
    picture = picture_of_bits(bits, sent=2)
    assert picture.shape == (2 * 3, 2 * 4, 3)  # 2x2 channels, a pixel's gap after each
    assert picture[0, 4 + 1, 0] == 255 and picture[0, 4, 0] == 0
    assert (picture[:2, :3] == 0).all()
    assert (picture[3:5] == 128).all()


def test_the_command_trains_shows_and_shows_again(tmp_path, capsys):
    from tfcomp.training import binary_demonstration, cli

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


def test_ways_to_make_bits_are_compared_at_equal_raw_bits(tmp_path):
    from tfcomp.training import binarizer_table

    config = config_module.load(TINY)
    training = dataclasses.replace(config.training, steps=10)
    config = dataclasses.replace(config, training=training)
    binarizer_table.compare(config, tmp_path, 2, only="0,3")
    lines = (tmp_path / "table.md").read_text().splitlines()
    assert "0.25 raw bits/pixel" in lines[2] and "1 raw bits/pixel" in lines[2]
    assert [line.split("|")[1].strip() for line in lines[4:]] == [
        "noise 0.1 ... 15",
        "straight-through",
    ]
    saturation = (tmp_path / "saturation.md").read_text().splitlines()
    assert [line.split("|")[1].strip() for line in saturation[2:]] == ["0.1", "0.3", "1", "5", "15"]
    for line in saturation[2:]:
        shares = [float(cell.split("%")[0]) for cell in line.split("|")[2:5]]
        assert sum(shares) == pytest.approx(100, abs=0.2)
    assert Image.open(tmp_path / "saturation.png").size[0] > 1000


def test_a_run_of_another_family_is_refused(tmp_path, monkeypatch, capsys):
    from tfcomp.training import binary_demonstration, run_folder

    cycle = config_module.from_dict({})
    monkeypatch.setattr(run_folder, "load_model", lambda folder: (None, cycle))
    assert binary_demonstration.main([str(tmp_path)]) == 2
    assert "cycle" in capsys.readouterr().err

import pytest
import yaml

from lab import shape_table
from tests import hyperprior_factory
from tests.conftest import TINY
from tfcomp.data.sample_source import sample_images
from tfcomp.evaluation.macs import macs_per_pixel
from tfcomp.runs import run_folder
from tfcomp.runtime.bundle import Bundle


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    from PIL import Image

    folder = tmp_path_factory.mktemp("pictures")
    for name, pixels in sample_images("test").items():
        Image.fromarray(pixels[:64, :96]).save(folder / f"{name}.png")
    return folder


def test_a_recipes_last_phase_is_the_one_that_is_trained(pictures, tmp_path, capsys):
    recipe = yaml.safe_load(TINY.read_text())
    recipe["phases"] = [
        {"name": "first"},
        {"name": "last", "model": {"kernel_size": 3}},
    ]
    path = tmp_path / "recipe.yaml"
    path.write_text(yaml.safe_dump(recipe))
    common = ["--pictures", str(pictures), "--steps", "1", "--every", "2"]
    macs = []
    for config, changed in ((path, []), (TINY, ["--set", "model.kernel_size=3"])):
        assert shape_table.main([str(config), *common, *changed]) == 0
        macs.append(capsys.readouterr().out.strip().splitlines()[-1].split(" | ")[1])
    assert macs[0] == macs[1]


def test_a_short_training_gives_a_line_of_the_table(pictures, capsys):
    changed = ["--set", "model.kernel_size=3", "--steps", "4", "--every", "1"]
    assert shape_table.main([str(TINY), "--pictures", str(pictures), *changed]) == 0
    cells = capsys.readouterr().out.strip().splitlines()[-1].split(" | ")
    assert cells[0] == "| model.kernel_size=3" and len(cells) == 6
    assert 0 < float(cells[1]) < 5 and float(cells[5].rstrip(" |")) > 0
    assert all(cell == "-" or cell.endswith("%") for cell in cells[2:4])


def test_multiply_adds_are_those_that_the_benchmark_counts_in_the_bundle(tiny_model, tiny_bundle):
    counted = macs_per_pixel(Bundle.read(tiny_bundle)).decoder
    assert shape_table.decoder_macs(tiny_model) == counted > 0


def test_multiply_adds_are_those_of_the_decoders_own_layers():
    model = run_folder.build_model(hyperprior_factory.patch_config())
    first = 8 * 8 * 3 * 48 + 48 * 48 + 2 * (2 * 2 * 48 * 48 + 9 * 48)  # one the decoder's own
    second = 4 * 4 * 48 * 16 + 2 * 2 * 16 * 16 + 9 * 16
    # The exported network also makes half a block of pixels around the picture, and crops it.
    assert shape_table.decoder_macs(model) == pytest.approx(first / 16 + second / 256, rel=0.01)


@pytest.mark.parametrize("change", ["model.colour=1", "nothing.at=2", "model.widths=x"])
def test_a_setting_that_is_not_there_is_refused(pictures, change, capsys):
    arguments = [str(TINY), "--pictures", str(pictures), "--set", change]
    assert shape_table.main(arguments) == 2
    assert capsys.readouterr().err.startswith("shape_table: ")

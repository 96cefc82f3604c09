"""The example that searches for similar pictures finds what it is shown a part of."""

import importlib.util

import numpy as np
import pytest
from PIL import Image

from tests import needs
from tests.conftest import ROOT

photographs = pytest.importorskip("skimage.data", reason=needs.SCIKIT_IMAGE)


@pytest.fixture(scope="module")
def example():
    place = ROOT / "examples" / "similar_pictures.py"
    spec = importlib.util.spec_from_file_location("similar_pictures", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for name in ("astronaut", "chelsea", "coffee", "rocket"):
        picture = getattr(photographs, name)()[:256, :256]
        Image.fromarray(np.ascontiguousarray(picture)).save(folder / f"{name}.png")
    return folder


def test_a_mirrored_part_of_a_picture_finds_it_first(example, folder, tmp_path, capsys):
    for name in ("astronaut", "chelsea"):
        with Image.open(folder / f"{name}.png") as image:
            example.altered(image).save(tmp_path / "part.png")
        assert example.main([str(tmp_path / "part.png"), str(folder), "--count", "1"]) == 0
        likeness, found = capsys.readouterr().out.split()
        assert found == f"{name}.png" and 0 < float(likeness) < 1


def test_what_it_cannot_search_is_one_line_and_exit_code_2(example, tmp_path, capsys):
    assert example.main(["photo.png", str(tmp_path)]) == 2
    assert "holds no pictures" in capsys.readouterr().err

"""Saving through Pillow: nothing is lost where it fails, and no option is dropped unsaid."""

import io
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tfcomp
from tests.bundle_factory import photo
from tfcomp.errors import CodecError
from tfcomp.pillow.saving import level_of, quality_of


@pytest.fixture(autouse=True)
def plugin(installed):
    tfcomp.register_pillow()
    return installed


def picture(side=12):
    return Image.fromarray(photo(side, side))


def saved(**options):
    stream = io.BytesIO()
    picture().save(stream, "TFCOMP", model="tiny", **options)
    return stream.getvalue()


class Subclass(Image.Image):
    """What some libraries make of Pillow's class."""


def subclass_picture():
    image = Subclass()
    image.__dict__.update(picture().__dict__)
    return image


WRONG = [
    {"quality": 101},
    {"quality": -1},
    {"quality": "80"},
    {"quality": True},
    {"level": 9},
    {"level": 0},
    {"bpp": 1.0},
    {"refine": 5},
    {"qualty": 80},
    {"lossless": True},
    {"append": True},
    {"feedback": -1},
    {"target_bpp": float("nan")},
    {"max_bytes": 3},
    {"max_bytes": "many"},
    {"quality": 80, "level": 2},
    {"save_all": True, "append_images": [Image.new("RGB", (4, 4))]},
    {"append_images": [Image.new("RGB", (4, 4))]},
]


@pytest.mark.parametrize("options", WRONG, ids=" and ".join)
@pytest.mark.parametrize("kind", [str, Path, os.fsencode])
def test_a_save_that_fails_leaves_the_old_file_as_it_was(tmp_path, options, kind):
    path = tmp_path / "old.tfcomp"
    path.write_bytes(b"what was there")
    with pytest.raises(OSError, match=".") as refusal:
        picture().save(kind(str(path)), **{"model": "tiny", **options})
    assert isinstance(refusal.value, CodecError)
    assert "\n" not in str(refusal.value)
    assert path.read_bytes() == b"what was there"
    assert os.listdir(tmp_path) == ["old.tfcomp"]


@pytest.mark.parametrize("make", [picture, subclass_picture, lambda: Image.new("RGB", (0, 5))])
def test_any_kind_of_image_named_by_format_leaves_the_old_file_where_it_fails(tmp_path, make):
    path = tmp_path / "old.bin"
    path.write_bytes(b"what was there")
    with pytest.raises(OSError, match="."):
        make().save(path, format="tfcomp", model="no such model")
    assert path.read_bytes() == b"what was there"


def test_a_file_object_is_written_to_only_once_the_file_is_made():
    stream = io.BytesIO(b"what was there")
    for options in WRONG:
        with pytest.raises(OSError, match="."):
            picture().save(stream, "TFCOMP", **{"model": "tiny", **options})
    assert stream.getvalue() == b"what was there"


def test_saving_over_the_file_that_an_image_was_opened_from(tmp_path):
    path = tmp_path / "x.tfcomp"
    picture().save(path, model="tiny", level=2)
    opened = Image.open(path)
    opened.save(path, model="tiny", level=1)
    assert Image.open(path).info["level"] == 1
    subclass_picture().save(path, model="tiny", level=2)
    assert Image.open(path).info["level"] == 2


def test_other_formats_are_saved_as_pillow_saves_them(tmp_path):
    picture().save(tmp_path / "x.png")
    picture().save(tmp_path / "y.bin", "PNG")
    assert (tmp_path / "x.png").read_bytes() == (tmp_path / "y.bin").read_bytes()
    with pytest.raises(ValueError, match="unknown file extension"):
        picture().save(tmp_path / "x.nothing")
    tfcomp.register_pillow()
    assert not hasattr(Image.Image.save.__wrapped__, "__wrapped__")


def test_quality_is_pillows_scale_and_level_the_models():
    levels = [level_of(quality, 8) for quality in range(101)]
    assert levels == sorted(levels)
    assert set(levels) == set(range(1, 9))
    assert [level_of(q, 8) for q in (0, 10, 50, 75, 80, 95, 100)] == [1, 1, 4, 6, 7, 8, 8]
    for count in (1, 2, 5, 8, 255):
        for level in range(1, count + 1):
            if count <= 101:
                assert level_of(quality_of(level, count), count) == level
    assert saved(quality=0) == saved(level=1)
    assert saved(quality=50) == saved(level=1)
    assert saved(quality=51) == saved(quality=np.int64(100)) == saved(level=2)
    assert saved() == saved(quality=None, level=None)
    opened = Image.open(io.BytesIO(saved(level=1)))
    assert (opened.info["level"], opened.info["quality"]) == (1, 50)


def test_an_option_it_does_not_know_is_named_with_those_it_knows():
    with pytest.raises(OSError, match=r"'qualty'.*quality, level, target_bpp, max_bytes"):
        saved(qualty=3)


@pytest.mark.parametrize("name", ["exif", "comment", "dpi"])
def test_metadata_that_cannot_be_kept_is_warned_of(name):
    with pytest.warns(UserWarning, match=f"(?i){name}") as caught:
        assert saved(**{name: b"something"}) == saved()
    assert name == "exif" or caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        saved(**{name: None})


def test_the_background_under_transparency_is_an_option():
    clear = Image.new("RGBA", (8, 8), (10, 200, 30, 0))
    stream = io.BytesIO()
    clear.save(stream, "TFCOMP", model="tiny", level=2, background=(0, 0, 255))
    decoded = np.asarray(Image.open(stream)).astype(int)
    assert np.abs(decoded - [0, 0, 255]).max() <= 6


def test_save_all_of_a_single_picture_is_a_picture():
    assert saved(save_all=True) == saved()


def test_encoderinfo_set_on_the_image_counts_as_it_does_in_pillow():
    image = picture()
    image.encoderinfo = {"level": 1}
    stream = io.BytesIO()
    image.save(stream, "TFCOMP", model="tiny")
    assert Image.open(stream).info["level"] == 1


def test_the_limit_of_pillow_counts_lowered_and_switched_off(monkeypatch):
    content = saved()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)  # 144 are there: a warning, as in Pillow
    with pytest.warns(Image.DecompressionBombWarning):
        Image.open(io.BytesIO(content)).load()
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(content))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    Image.open(io.BytesIO(content)).load()


def test_a_killed_save_leaves_the_old_file(tmp_path):
    path = tmp_path / "old.tfcomp"
    path.write_bytes(b"what was there")
    script = (
        "import os, sys, tfcomp.pillow as plugin\nfrom PIL import Image\n"
        "plugin.api.shared_codec = lambda installed: os._exit(9)\n"
        "Image.new('RGB', (8, 8)).save(sys.argv[1], model='tiny')"
    )
    assert subprocess.run([sys.executable, "-c", script, str(path)]).returncode == 9
    assert path.read_bytes() == b"what was there"

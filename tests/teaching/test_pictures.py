"""What a lesson learns of a source, and what it holds out."""

import numpy as np
import pytest

from tests import bundle_factory, needs
from tests.data.test_tfds_source import prepared  # noqa: F401
from tfcomp.errors import ConfigError

pytest.importorskip("tensorflow")
from tfcomp.teaching.pictures import name_of, open_pictures  # noqa: E402


def numbered(count, height=64, width=64):
    """uint8 [count, H, W, 3]: each picture has its number everywhere."""
    flat = np.arange(count, dtype=np.uint8)[:, None, None, None]
    return np.broadcast_to(flat, [count, height, width, 3])


def learnt(given):
    return [given.source.read(number) for number in range(given.source.count)]


def held_out(given):
    return [pixels for _, pixels in given.held_out()]


def test_of_a_stack_the_last_pictures_are_held_out(tmp_path):
    np.save(tmp_path / "stack.npy", numbered(50))
    given = open_pictures(str(tmp_path / "stack.npy"))
    assert [int(each.max()) for each in held_out(given)] == [45, 46, 47, 48, 49]
    assert [int(each.max()) for each in learnt(given)] == list(range(45))
    assert given.survey.lines() == ["45 pictures (NumPy 100%; array 100%), 64x64 in the middle"]


def test_of_a_long_stack_no_more_than_24_are_measured(tmp_path):
    np.save(tmp_path / "stack.npy", np.zeros([2000, 8, 8, 3], np.uint8))
    given = open_pictures(str(tmp_path / "stack.npy"))
    assert (given.source.count, len(held_out(given))) == (1800, 24)


def test_of_many_files_whole_ones_are_held_out(tmp_path):
    for number in range(10):
        np.save(tmp_path / f"{number}.npy", np.full([4, 64, 64, 3], number, np.uint8))
    given = open_pictures(str(tmp_path))
    held, kept = ({int(each.max()) for each in found} for found in (held_out(given), learnt(given)))
    assert len(held) == 3 and held | kept == set(range(10)) and not held & kept


@pytest.mark.parametrize("kind", ["npy", "tif", "zarr"])
def test_of_a_large_scene_a_strip_is_held_out_and_a_gap_left(tmp_path, kind):
    scene = np.zeros([300, 2600, 3], np.uint8)
    scene[...] = (np.arange(2600) // 11)[None, :, None]
    path = str(tmp_path / f"scene.{kind}")
    if kind == "npy":
        np.save(path, scene)
    elif kind == "tif":
        tifffile = pytest.importorskip("tifffile", reason=needs.ARRAYS)
        tifffile.imwrite(path, scene, photometric="rgb", compression="zlib")
    else:
        zarr = pytest.importorskip("zarr", minversion="3.1", reason=needs.ARRAYS)
        zarr.create_array(path, data=scene, chunks=(100, 100, 3))
    given = open_pictures(path)
    held, kept = held_out(given), learnt(given)
    assert sum(each.shape[1] for each in held + kept) < 2 * 2600  # two rows of parts
    first_held = min(int(each.min()) for each in held)
    last_learnt = max(int(each.max()) for each in kept)
    assert max(int(each.max()) for each in held) == 2599 // 11
    assert (first_held - last_learnt) * 11 > 150
    assert given.way == "a strip of each scene"


def test_a_scene_that_is_too_small_is_refused(tmp_path):
    np.save(tmp_path / "small.npy", np.zeros([300, 400, 3], np.uint8))
    with pytest.raises(ConfigError, match="small.npy holds 1 picture: a codec needs 8 or more"):
        open_pictures(str(tmp_path / "small.npy"))


def test_of_tfds_the_split_test_is_held_out(prepared):  # noqa: F811
    data_dir, tiles, _ = prepared
    given = open_pictures("tfds:photo_tiles", data_dir=str(data_dir))
    assert given.source.count == 6 and (given.data_source, given.split) == (
        "tfds:photo_tiles",
        "train",
    )
    held = sorted(pixels.tobytes() for pixels in held_out(given))
    assert held == sorted(tile.tobytes() for tile in tiles[6:])
    assert "6 pictures (PNG 100%; RGB 100%)" in given.survey.lines()[0]


def test_pictures_to_measure_on_that_lie_among_the_others_are_not_learnt(tmp_path):
    from PIL import Image

    (tmp_path / "measured").mkdir()
    for number in range(12):
        name = f"measured/{number}.png" if number < 4 else f"{number}.png"
        Image.fromarray(bundle_factory.photo(64, 64, seed=number)).save(tmp_path / name)
    given = open_pictures(str(tmp_path), held=tmp_path / "measured")
    assert (given.source.count, len(held_out(given))) == (8, 4)


@pytest.mark.parametrize(
    ("source", "name"),
    [("a/scans", "scans"), ("stack.npy", "stack"), ("s.zarr", "s"), ("tfds:x/y:1.0", "x-y-1.0")],
)
def test_a_model_is_named_after_its_source(source, name):
    assert name_of(source) == name

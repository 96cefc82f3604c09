"""Arrays as pictures of an 8-bit RGB training: stacks, pages, scenes, Zarr; and what is refused."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from tests import bundle_factory, needs
from tfcomp.data import open_source
from tfcomp.errors import ConfigError
from tfcomp.image_spec import ImageSpec


@pytest.fixture(scope="module")
def photographs():
    """uint8 [6, 48, 64, 3]."""
    return np.stack([bundle_factory.photo(48, 64, seed=number) for number in range(6)])


@pytest.fixture
def tifffile():
    return pytest.importorskip("tifffile", reason=needs.ARRAYS)


@pytest.fixture
def zarr():
    return pytest.importorskip("zarr", minversion="3.1", reason=needs.ARRAYS)


def pictures(place):
    source = open_source(f"folder:{place}")
    return [source.read(number) for number in range(source.count)]


@pytest.mark.parametrize("name", ["stack.npy", "stored.npz", "deflated.npz"])
def test_every_picture_of_a_stack_is_one(tmp_path, photographs, name):
    save = {"stack.npy": np.save, "stored.npz": np.savez, "deflated.npz": np.savez_compressed}
    save[name](tmp_path / name, photographs)
    assert np.array_equal(pictures(tmp_path / name), photographs)
    given = list(open_source(f"folder:{tmp_path / name}").images().as_numpy_iterator())
    assert np.array_equal(given, photographs)


@pytest.mark.parametrize("order", ["C", "F"])
def test_a_stored_npz_is_left_on_the_disk(tmp_path, photographs, order):
    from tfcomp.images.npz_files import open_npz

    np.savez(tmp_path / "stored.npz", np.asarray(photographs, order=order))
    found = open_npz(str(tmp_path / "stored.npz"))
    assert isinstance(found, np.memmap) and np.array_equal(found, photographs)


def test_a_grey_array_is_grey_in_colours(tmp_path, photographs):
    np.save(tmp_path / "grey.npy", photographs[..., :1])
    assert np.array_equal(pictures(tmp_path)[2], np.repeat(photographs[2, ..., :1], 3, axis=2))


@pytest.mark.parametrize("compression", [None, "zlib"])
def test_every_page_of_a_tiff_is_a_picture(tmp_path, photographs, tifffile, compression):
    options = {"photometric": "rgb", "compression": compression}
    tifffile.imwrite(tmp_path / "pages.tif", photographs, **options)
    assert np.array_equal(pictures(tmp_path), photographs)


def test_pages_that_have_a_palette_are_pictures_too_and_previews_are_none(
    tmp_path, photographs, tifffile
):
    from PIL import Image

    first, *others = [Image.fromarray(each).convert("P") for each in photographs]
    first.save(tmp_path / "palette.tif", save_all=True, append_images=others)
    assert np.array_equal(pictures(tmp_path)[3], np.asarray(others[2].convert("RGB")))
    (tmp_path / "palette.tif").unlink()
    with tifffile.TiffWriter(tmp_path / "preview.tif") as file:
        file.write(photographs[0], photometric="rgb")
        file.write(photographs[0, ::2, ::2], photometric="rgb", subfiletype=1)
    assert np.array_equal(pictures(tmp_path), photographs[:1])


def test_of_a_large_compressed_page_only_what_is_asked_for_is_decoded(
    tmp_path, tifffile, monkeypatch
):
    pytest.importorskip("zarr", reason=needs.ARRAYS)
    scene = np.random.default_rng(1).integers(0, 9, [4100, 4000, 3], np.uint8)
    tifffile.imwrite(tmp_path / "scene.tif", scene, photometric="rgb", compression="zlib",
                     tile=(256, 256))  # fmt: skip
    decoded = []
    page_decode = tifffile.TiffPage.decode

    def decode(page):
        function = page_decode.func(page)
        return lambda *given, **named: decoded.append(1) or function(*given, **named)

    monkeypatch.setattr(tifffile.TiffPage, "decode", property(decode))
    monkeypatch.setattr(tifffile.TiffPageSeries, "asarray", None)
    source = open_source(f"folder:{tmp_path}")
    assert source.count == 20
    assert np.array_equal(source.read(5), scene[820:1640, 1000:2000])
    assert 0 < len(decoded) <= 25


def test_the_names_of_a_zarr_arrays_dimensions_say_its_axes(tmp_path, photographs, zarr):
    zarr.create_array(
        str(tmp_path / "named.zarr"),
        data=np.moveaxis(photographs, -1, 1),
        dimension_names=("time", "band", "y", "x"),
    )
    assert np.array_equal(pictures(tmp_path / "named.zarr"), photographs)
    group = zarr.open_group(str(tmp_path / "ome.zarr"), mode="w")
    group.create_array("0", data=np.moveaxis(photographs, -1, 0))
    axes = [{"name": name} for name in "ctyx"]
    scales = [{"axes": axes, "datasets": [{"path": "0"}]}]
    group.attrs["ome"] = {"multiscales": scales}
    assert np.array_equal(pictures(tmp_path / "ome.zarr"), photographs)


def test_of_a_zarr_group_one_array_is_named(tmp_path, photographs, zarr):
    group = zarr.open_group(str(tmp_path / "group.zarr"), mode="w")
    group.create_array("scene", data=photographs)
    group.create_array("x", data=np.arange(64.0))
    assert np.array_equal(pictures(tmp_path / "group.zarr"), photographs)
    group.create_array("other", data=photographs)
    assert np.array_equal(pictures(tmp_path / "group.zarr" / "scene"), photographs)
    with pytest.raises(ConfigError, match=r"Zarr group; name one .*group.zarr/other"):
        open_source(f"folder:{tmp_path / 'group.zarr'}")


def test_arrays_beside_photographs_are_left_out_and_told_of(tmp_path, photographs, caplog):
    from PIL import Image

    Image.fromarray(photographs[0]).save(tmp_path / "a.png")
    np.save(tmp_path / "labels.npy", np.zeros([5]))
    assert np.array_equal(pictures(tmp_path), photographs[:1])
    assert "left out, 1 of them" in caplog.text and "labels.npy" in caplog.text


def test_parts_without_data_are_left_out_and_told_of_once(tmp_path, tifffile, caplog):
    scene = np.full([512, 512, 3], 9, np.uint8)
    scene[:100, :100] = 0
    tag = (42113, "s", 0, "0", True)
    tifffile.imwrite(tmp_path / "scene.tif", scene, photometric="rgb", extratags=[tag])
    with caplog.at_level(logging.WARNING, logger="tfcomp"):
        source = open_source(f"folder:{tmp_path}")
        for _ in range(2):
            given = list(source.images().as_numpy_iterator())
            assert [image.min() for image in given] == [9, 9, 9]
    assert caplog.text.count("names 0 as the value of pixels without data") == 1


def test_a_mask_in_a_tiff_is_refused_by_name(tmp_path, photographs, tifffile):
    with tifffile.TiffWriter(tmp_path / "masked.tif") as file:
        file.write(photographs[0], photometric="rgb")
        file.write(photographs[0, ..., 0] > 9, photometric="mask", subfiletype=4)
    with pytest.raises(ConfigError, match="masked.tif holds a mask beside its pictures"):
        open_source(f"folder:{tmp_path}")


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros([6, 3, 48, 64], np.uint8), "channels come first; give .H, W, C."),
        (np.zeros([6, 48, 64], np.uint8), "nobody knows which of its axes is which"),
        (np.zeros([48, 64, 5], np.uint8), "nobody knows which of its axes is which"),
        (np.zeros([48, 64, 4], np.uint8), "alpha or a mask, give array"),
        (np.zeros([48, 64, 3]), "float64 is no picture of RGB of 8 bits.*docs/channels.md"),
        (np.array([{}, None]), "cannot be read"),
    ],
)
def test_what_an_array_does_not_say_or_is_not_is_one_line_with_its_name(tmp_path, array, words):
    np.save(tmp_path / "odd.npy", array)
    with pytest.raises(ConfigError, match=f"odd.npy.*{words}") as caught:
        open_source(f"folder:{tmp_path}")
    assert "\n" not in str(caught.value)


def test_masked_arrays_and_mixed_samples_are_refused_by_name(tmp_path, photographs):
    np.savez(tmp_path / "two.npz", data=photographs, mask=photographs > 3)
    with pytest.raises(ConfigError, match=r"two.npz holds 2 arrays \(data, mask\)"):
        open_source(f"folder:{tmp_path}")
    (tmp_path / "two.npz").unlink()
    np.save(tmp_path / "a.npy", photographs)
    np.save(tmp_path / "b.npy", photographs.astype(np.uint16))
    with pytest.raises(ConfigError, match=r"b.npy holds uint16, and .*a.npy uint8"):
        open_source(f"folder:{tmp_path}")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinities_are_refused_with_the_files_name(tmp_path, value):
    array = np.zeros([8, 8, 1], np.float32)
    array[3, 3] = value
    np.save(tmp_path / "holes.npy", array)
    source = open_source(f"folder:{tmp_path}", image=ImageSpec(1, range=(-1, 1)))
    with pytest.raises(ConfigError, match="holes.npy: the array holds (NaN|infinities)"):
        source.read(0)


def test_a_file_of_another_channel_order_is_told_of(tmp_path, caplog):
    rng = np.random.default_rng(0)
    for number in range(8):
        scene = rng.integers(0, 20, [32, 32, 3]) + np.array([200, 120, 20])
        order = [2, 1, 0] if number == 5 else [0, 1, 2]
        np.save(tmp_path / f"{number}.npy", scene[..., order].astype(np.uint8))
    open_source(f"folder:{tmp_path}")
    assert caplog.text.count("another order") == 1 and "5.npy" in caplog.text


def test_many_files_are_not_held_open(tmp_path, photographs):
    for number in range(200):
        np.save(tmp_path / f"{number:03d}.npy", photographs[0])
    source = open_source(f"folder:{tmp_path}")
    list(source.images())
    with open("/proc/self/maps") as maps:
        assert sum(str(tmp_path) in line for line in maps) < 50

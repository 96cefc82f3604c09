"""Whole arrays: shapes, pixels without data, and what is refused."""

import numpy as np
import pytest

import tfcomp
from tests.arrays.pictures import MODEL, QUALITY, decoded_chunk, near, picture
from tfcomp.arrays import ArrayCodec, decode, encode
from tfcomp.errors import BitstreamError, CodecError, ConfigError, ImageError, UnknownBundleError
from tfcomp.evaluation.metrics import psnr


@pytest.mark.parametrize("leading", [(), (1,), (3,), (2, 1, 2)])
def test_leading_axes_are_pictures_of_one_ordinary_file(leading):
    array = np.empty((*leading, 64, 64, 3), np.uint8)
    for number, each in enumerate(array.reshape(-1, 64, 64, 3)):
        each[:] = picture()[:64, number : 64 + number]
    data = encode(array, MODEL, quality=QUALITY)
    back = decode(data, array.shape)
    assert back.shape == array.shape and back.dtype == np.uint8
    first = back.reshape(-1, 64, 64, 3)[0]
    np.testing.assert_array_equal(first, decoded_chunk(0, 0))
    assert near(back, array)
    assert len(tfcomp.read_frames(data)) == array.size // (64 * 64 * 3)


def test_channels_may_come_first():
    array = np.stack([picture()[:64, :64], picture()[64:128, :64]]).transpose(0, 3, 1, 2)
    data = encode(array, MODEL, quality=QUALITY, channel_axis=-3)
    for back in (decode(data, array.shape, channel_axis=-3), decode(data, channel_axis=-3)):
        assert back.shape == (2, 3, 64, 64)
        np.testing.assert_array_equal(back[0].transpose(1, 2, 0), decoded_chunk(0, 0))


def test_one_channel_is_grey():
    array = picture()[:64, :64, :1]
    back = decode(encode(array, MODEL, quality=QUALITY), array.shape)
    assert back.shape == (64, 64, 1) and near(back, array)


@pytest.mark.parametrize("no_data", [0, 255, 77])
@pytest.mark.parametrize("pictures", [1, 2])
def test_pixels_without_data_come_back_and_no_others_like_them(no_data, pictures):
    array = np.stack([picture()[:96, :96]] * pictures)
    array[:, :40] = no_data
    array[-1, 70:, 50:] = no_data
    array[:, 50:60, :20] = np.array([0, 1, 0], np.uint8) + no_data % 255  # nearly so
    missing = (array == no_data).all(-1)
    data = encode(array, MODEL, quality=QUALITY, no_data=no_data)
    back = decode(data, array.shape, no_data=no_data)
    np.testing.assert_array_equal((back == no_data).all(-1), missing)
    with pytest.raises(ConfigError, match="say which value is no_data"):
        decode(data, array.shape)


def test_pixels_without_data_do_not_count_for_a_target():
    array = picture()[:96, :96].copy()
    array[:60] = 0
    back = decode(encode(array, MODEL, psnr=33, no_data=0), no_data=0)
    assert psnr(array[60:], back[60:]) >= 33


def test_an_array_without_any_data_comes_back():
    empty = np.zeros((2, 64, 64, 3), np.uint8)
    assert not decode(encode(empty, MODEL, no_data=0), empty.shape, no_data=0).any()


@pytest.mark.parametrize(
    "array, said",
    [
        (np.zeros((64, 64, 3), np.float32), "uint8, not float32.*NaN.*no_data"),
        (np.zeros((64, 64, 3), np.uint16), "uint8, not uint16"),
        (np.zeros((64, 64, 4), np.uint8), r"3 or 1 channels, not \(64, 64, 4\)"),
        (np.zeros((3, 64, 65), np.uint8), r"not \(3, 64, 65\).*say channel_axis=-3"),
        (np.zeros((64, 64), np.uint8), r"not \(64, 64\)"),
        (np.zeros((0, 64, 3), np.uint8), "no pixels"),
        (np.broadcast_to(np.uint8(0), (10000, 9000, 3)), "90000000 pixels.*smaller chunks"),
        (np.ma.masked_equal(np.zeros((64, 64, 3), np.uint8), 0), "mask would be lost"),
    ],
)
def test_what_a_model_does_not_take_is_refused_by_name(array, said):
    with pytest.raises(ImageError, match=said):
        encode(array, MODEL)


@pytest.mark.parametrize(
    "options",
    [
        {"quality": 9},
        {"quality": 3, "psnr": 30},
        {"psnr": -1},
        {"effort": 10},
        {"channel_axis": 0},
        {"no_data": 256},
        {"no_data": 0.5},
        {"model": "nothing"},
    ],
)
def test_options_are_checked_before_anything_is_written(options):
    with pytest.raises(CodecError):
        ArrayCodec(**{"model": MODEL, **options})


def test_a_file_of_another_shape_is_refused_before_it_is_decoded():
    data = encode(picture()[:64, :64], MODEL)
    with pytest.raises(BitstreamError, match="1 of 64x64 pixels"):
        decode(data, (2, 64, 64, 3))
    with pytest.raises(BitstreamError, match="4096 pixels|64x64 pixels"):
        decode(data, (32, 32, 3))
    with pytest.raises(BitstreamError, match="1 channels were expected, and the file has 3"):
        decode(data, (64, 64, 1))
    with pytest.raises(BitstreamError):
        decode(data[:-5], (64, 64, 3))


def test_a_model_that_readers_could_not_find_is_refused(tmp_path):
    import json
    import shutil

    from tfcomp.runtime.registry import package_folder

    folder = tmp_path / "mine"
    shutil.copytree(package_folder() / MODEL, folder)
    (folder / "SHA256SUMS").unlink()
    assert ArrayCodec(str(folder)).model == MODEL  # its twin is installed
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["fingerprint"] = "ab" * 32
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UnknownBundleError, match=f"run: tfcomp install {folder}"):
        ArrayCodec(str(folder))

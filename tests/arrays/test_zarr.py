"""Stores of Zarr's two formats, written and read with nothing but Zarr's own functions."""

import json
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest

from tests import needs
from tests.arrays.pictures import MODEL, QUALITY, decoded_chunk, near, picture
from tests.conftest import ROOT
from tfcomp.arrays import array_codec
from tfcomp.errors import BitstreamError, CodecError, ConfigError, ImageError, UnknownBundleError

zarr = pytest.importorskip("zarr", minversion="3", reason=needs.ZARR)

from tfcomp.arrays import NumcodecsCodec, ZarrCodec  # noqa: E402

FORMATS = pytest.mark.parametrize("zarr_format", [2, 3])


def create(store, zarr_format=3, **options):
    given = {"shape": (160, 200, 3), "chunks": (64, 64, 3), "dtype": "uint8"}
    coding = {"model": MODEL, "quality": QUALITY}
    for name in ("quality", "psnr", "no_data", "channel_axis"):
        if name in options:
            coding[name] = options.pop(name)
    if coding.get("psnr"):
        del coding["quality"]
    if zarr_format == 3:
        given.update(serializer=ZarrCodec(**coding), compressors=None)
    else:
        given.update(compressors=NumcodecsCodec(**coding))
    return zarr.create_array(store, zarr_format=zarr_format, **{**given, **options})


@pytest.fixture
def decoded(monkeypatch):
    """The shapes of the chunks that were decoded."""
    shapes = []
    original = array_codec.ArrayCodec.decode

    def decode(self, data, shape=None):
        array = original(self, data, shape)
        shapes.append(array.shape)
        return array

    monkeypatch.setattr(array_codec.ArrayCodec, "decode", decode)
    return shapes


@FORMATS
def test_an_array_comes_back_chunk_by_chunk_as_the_codec_decodes_it(tmp_path, zarr_format):
    create(tmp_path / "a", zarr_format)[:] = picture()
    array = zarr.open_array(tmp_path / "a", mode="r")
    assert array.dtype == np.uint8
    back = array[:]
    assert back.shape == picture().shape and near(back, picture())
    for row, column in ((0, 0), (64, 128), (0, 64)):
        part = back[row : row + 64, column : column + 64]
        np.testing.assert_array_equal(part, decoded_chunk(row, column))
    # The chunk at the corner, 32x8 pixels of 64x64.
    assert near(back[128:, 192:], picture()[128:, 192:], 24)


@FORMATS
def test_reading_a_part_decodes_only_the_chunks_that_it_touches(tmp_path, zarr_format, decoded):
    create(tmp_path / "a", zarr_format)[:] = picture()
    array = zarr.open_array(tmp_path / "a", mode="r")
    np.testing.assert_array_equal(array[10:20, 5:9], decoded_chunk(0, 0)[10:20, 5:9])
    assert len(decoded) == 1
    assert array[60:70, 5:9, 1].shape == (10, 4)
    assert len(decoded) == 3


@FORMATS
def test_frames_and_channels_first(tmp_path, zarr_format):
    frames = np.stack([picture()[:64, n : n + 64] for n in range(3)])
    many = create(tmp_path / "a", zarr_format, shape=(3, 64, 64, 3), chunks=(2, 64, 64, 3))
    many[:] = frames
    assert near(zarr.open_array(tmp_path / "a")[:], frames)
    first = frames.transpose(0, 3, 1, 2)
    options = {"shape": first.shape, "chunks": (1, 3, 64, 64), "channel_axis": -3}
    create(tmp_path / "b", zarr_format, **options)[:] = first
    back = zarr.open_array(tmp_path / "b")[0]
    np.testing.assert_array_equal(back.transpose(1, 2, 0), decoded_chunk(0, 0))


@FORMATS
def test_chunks_that_are_not_written_have_the_fill_value(tmp_path, zarr_format, decoded):
    array = create(tmp_path / "a", zarr_format, fill_value=7)
    array[64:128, 64:128] = picture()[64:128, 64:128]
    assert (zarr.open_array(tmp_path / "a")[:64] == 7).all() and not decoded
    files = sum(len(names) for _, _, names in os.walk(tmp_path / "a"))
    assert files == (2 if zarr_format == 3 else 3)  # metadata and one chunk


@FORMATS
def test_pixels_without_data_stay_without(tmp_path, zarr_format):
    pixels = picture().copy()
    pixels[:70, :90] = 0
    create(tmp_path / "a", zarr_format, no_data=0)[:] = pixels
    back = zarr.open_array(tmp_path / "a")[:]
    np.testing.assert_array_equal((back == 0).all(2), (pixels == 0).all(2))


def test_every_chunk_reaches_a_target(tmp_path):
    array = create(tmp_path / "a", psnr=33)
    array[:128, :192] = picture()[:128, :192]
    for row, column in ((0, 0), (64, 128)):
        where = slice(row, row + 64), slice(column, column + 64)
        assert near(array[where], picture()[where], 33)


def test_shards_hold_chunks(tmp_path, decoded):
    create(tmp_path / "a", shards=(128, 128, 3))[:] = picture()
    part = zarr.open_array(tmp_path / "a")[70:80, 70:80]
    np.testing.assert_array_equal(part, decoded_chunk(64, 64)[6:16, 6:16])
    assert len(decoded) == 1


def test_a_chunk_is_an_ordinary_file(tmp_path):
    import tfcomp

    create(tmp_path / "a")[:64, :64] = picture()[:64, :64]
    np.testing.assert_array_equal(tfcomp.decompress(tmp_path / "a/c/0/0/0"), decoded_chunk(0, 0))


@pytest.mark.parametrize(
    "options, said",
    [
        ({"dtype": "float32"}, "uint8, not float32"),
        ({"dtype": "uint16"}, "uint8, not uint16"),
        ({"shape": (64, 64, 4), "chunks": (64, 64, 4)}, "3 or 1 channels"),
        ({"shape": (3, 64, 64), "chunks": (3, 64, 64)}, "channel_axis=-3"),
        ({"shape": (64, 64), "chunks": (64, 64)}, "3 or 1 channels"),
        ({"shape": (20000, 20000, 3), "chunks": (20000, 20000, 3)}, "more than the 89478485"),
    ],
)
def test_what_a_model_does_not_take_leaves_no_array_behind(tmp_path, options, said):
    with pytest.raises(ImageError, match=said):
        create(tmp_path / "a", **options)
    assert [names for _, _, names in os.walk(tmp_path)] in ([[]], [[], []])


@FORMATS
def test_a_chunk_that_cannot_be_written_leaves_the_earlier_one(tmp_path, zarr_format):
    array = create(tmp_path / "a", zarr_format, psnr=33)
    array[:64, :64] = picture()[:64, :64]
    before = array[:64, :64]
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    with pytest.raises(ImageError, match="below the 33 asked for"):
        array[:64, :64] = noise
    np.testing.assert_array_equal(zarr.open_array(tmp_path / "a")[:64, :64], before)


def _with_configuration(folder, zarr_format, **changes):
    name = folder / ("zarr.json" if zarr_format == 3 else ".zarray")
    metadata = json.loads(name.read_text())
    if zarr_format == 3:
        metadata["codecs"][0]["configuration"].update(changes)
    else:
        metadata["compressor"].update(changes)
    name.write_text(json.dumps(metadata))


@FORMATS
def test_a_store_whose_model_is_not_installed_opens_and_says_which_it_is(
    tmp_path, zarr_format, monkeypatch
):
    create(tmp_path / "a", zarr_format)[:64, :64] = picture()[:64, :64]
    _with_configuration(tmp_path / "a", zarr_format, model="mine", fingerprint="ab" * 32)
    array = zarr.open_array(tmp_path / "a")
    assert array.shape == (160, 200, 3)
    said = "needs model 'mine'.*model abababab, which is not installed; run: tfcomp install"
    with pytest.raises(UnknownBundleError, match=said):
        array[64:128, 64:128] = picture()[64:128, 64:128]
    monkeypatch.setattr("tfcomp.runtime.registry.package_folder", lambda: tmp_path / "none")
    with pytest.raises(UnknownBundleError, match="needs model 'mine'.*run: tfcomp install"):
        array[:2, :2]
    assert sum(len(names) for _, _, names in os.walk(tmp_path / "a")) == 2 + (zarr_format == 2)


def test_damaged_chunks_and_options_are_one_clear_error(tmp_path):
    create(tmp_path / "a")[:64, :64] = picture()[:64, :64]
    chunk = tmp_path / "a/c/0/0/0"
    chunk.write_bytes(chunk.read_bytes()[:-7])
    with pytest.raises(BitstreamError):
        zarr.open_array(tmp_path / "a")[:]
    for changes in ({"speed": 3}, {"fingerprint": "xyz"}, {"channel_axis": 1}):
        create(tmp_path / "b", overwrite=True)
        _with_configuration(tmp_path / "b", 3, **changes)
        with pytest.raises(ConfigError):
            zarr.open_array(tmp_path / "b")


def test_codecs_are_equal_and_travel(tmp_path):
    for kind in (ZarrCodec, NumcodecsCodec):
        one, other = kind(MODEL), kind(MODEL, quality=5)
        assert one == other and one != kind(MODEL, quality=4)
        assert pickle.loads(pickle.dumps(one)) == one
    assert ZarrCodec.from_dict(ZarrCodec(MODEL).to_dict()) == ZarrCodec(MODEL)


@FORMATS
def test_a_program_that_knows_only_zarr_finds_the_codec(tmp_path, zarr_format):
    """By entry points, as `pip install` leaves them."""
    create(tmp_path / "a", zarr_format)[:64, :64] = picture()[:64, :64]
    command = [sys.executable, "setup.py", "-q", "egg_info", "--egg-base", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    program = "import sys, zarr; print(int(zarr.open_array(sys.argv[1])[:64, :64].sum()))"
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "a")],
        capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == int(decoded_chunk(0, 0).sum())


def test_without_zarr_the_error_says_what_to_install(monkeypatch):
    for name in ("zarr_codec", "numcodecs_codec"):
        monkeypatch.delitem(sys.modules, f"tfcomp.arrays.{name}", raising=False)
    for name in ("zarr.abc.codec", "numcodecs.abc"):
        monkeypatch.setitem(sys.modules, name, None)
    import tfcomp.arrays

    for name in ("ZarrCodec", "NumcodecsCodec"):
        with pytest.raises(CodecError, match=r"pip install 'tfcomp\[zarr\]'"):
            getattr(tfcomp.arrays, name)

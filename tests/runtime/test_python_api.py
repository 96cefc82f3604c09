"""Whatever a caller hands to tfcomp works, or ends in one line of a CodecError."""

import copy
import io
import logging
import multiprocessing
import os
import pickle
import threading

import numpy as np
import pytest
from PIL import Image

import tfcomp
from tests.bundle_factory import photo
from tests.child import python
from tfcomp.errors import BitstreamError, CodecError, ConfigError, ImageError

PIXELS = photo(16, 12)


@pytest.fixture(scope="module")
def codec(bundle_folder):
    return tfcomp.load(bundle_folder)


@pytest.fixture
def png(tmp_path):
    path = tmp_path / "x.png"
    Image.fromarray(PIXELS).save(path)
    return path


class Unseekable(io.RawIOBase):
    """A stream that gives a few bytes at a time and cannot go back, as a socket does."""

    def __init__(self, content):
        self._rest = content

    def readable(self):
        return True

    def readinto(self, buffer):
        piece, self._rest = self._rest[: min(7, len(buffer))], self._rest[min(7, len(buffer)) :]
        buffer[: len(piece)] = piece
        return len(piece)


def test_file_objects_are_read_like_paths(codec, installed, png):
    expected = codec.compress(PIXELS)
    half_read = io.BytesIO(png.read_bytes())
    half_read.read(20)
    with open(png, "rb") as file, open(png, "rb", buffering=0) as raw:
        for source in (io.BytesIO(png.read_bytes()), half_read, file, raw):
            assert codec.compress(source) == expected
    assert codec.compress(Unseekable(png.read_bytes())) == expected
    for decompress in (codec.decompress, tfcomp.decompress):
        for source in (io.BytesIO(expected), Unseekable(expected)):
            np.testing.assert_array_equal(decompress(source), codec.decompress(expected))


def test_a_file_object_that_gives_no_bytes_is_an_error_in_one_line(codec, installed, png):
    closed = io.BytesIO(b"x")
    closed.close()
    with open(png, encoding="latin-1") as text, open(os.devnull, "wb") as write_only:
        for source in (closed, text, io.StringIO("x"), write_only, io.BytesIO()):
            for call in (codec.compress, codec.decompress, tfcomp.decompress):
                with pytest.raises((ImageError, BitstreamError)) as refusal:
                    call(source)
                assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("source", [None, 5, 1.5, [1, 2], {}, object(), np.zeros(4)], ids=type)
def test_what_is_no_file_at_all_is_an_error_in_one_line(codec, installed, source):
    for decompress in (codec.decompress, tfcomp.decompress):
        with pytest.raises(BitstreamError) as refusal:
            decompress(source)
        assert "\n" not in str(refusal.value)
    with pytest.raises(ImageError):
        codec.compress(source)


@pytest.mark.parametrize(
    "options",
    [
        {"quality": "4"},
        {"quality": "high"},
        {"quality": 2.0},
        {"quality": True},
        {"quality": [1]},
        {"quality": np.float32(1)},
        {"quality": float("nan")},
        {"target_bpp": "1"},
        {"target_bpp": float("nan")},
        {"target_bpp": float("inf")},
        {"target_bpp": -1},
        {"target_bpp": True},
        {"target_bpp": [1]},
        {"target_bpp": 10**400},
        {"max_bytes": "x"},
        {"max_bytes": float("nan")},
        {"max_bytes": 0},
        {"max_bytes": -5},
        {"max_bytes": b"100"},
        {"feedback": "2"},
        {"feedback": 1.5},
        {"feedback": True},
        {"refine": "2"},
        {"refine": None},
        {"refine": -1},
        {"background": "no colour"},
        {"background": (1, 2)},
        {"background": (1, 2, 300)},
        {"background": 7},
        {"background": (float("nan"), 0, 0)},
    ],
    ids=lambda options: str(options)[:40],
)
def test_an_option_of_another_kind_is_a_config_error_in_one_line(codec, options):
    with pytest.raises(ConfigError) as refusal:
        codec.compress(PIXELS, **options)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 200


@pytest.mark.parametrize("limit", ["x", 0, -3, float("nan"), True, [1]], ids=str)
def test_a_limit_of_pixels_is_a_positive_number(codec, installed, limit):
    data = codec.compress(PIXELS)
    for decompress in (codec.decompress, tfcomp.decompress):
        with pytest.raises(ConfigError, match="max_pixels"):
            decompress(data, max_pixels=limit)
        assert decompress(data, max_pixels=2.5e7).shape == PIXELS.shape


def test_numpy_numbers_are_numbers(codec):
    assert codec.compress(PIXELS, np.int64(1)) == codec.compress(PIXELS, 1)
    size = len(codec.compress(PIXELS, 1))
    for limit in (np.int32(size), np.float64(size), size + 0.5):
        assert codec.compress(PIXELS, max_bytes=limit) == codec.compress(PIXELS, 1)
    assert codec.compress(PIXELS, target_bpp=np.float32(24.0))


def test_compress_stands_beside_decompress(codec, installed, png, monkeypatch):
    assert tfcomp.compress(png, model="tiny") == codec.compress(png)
    assert tfcomp.compress(png, 1, model=installed) == codec.compress(png, quality=1)
    assert tfcomp.decompress(tfcomp.compress(PIXELS, model="tiny")).shape == PIXELS.shape
    small = tfcomp.compress(PIXELS, model="tiny", max_bytes=len(codec.compress(PIXELS, 1)))
    assert small == codec.compress(PIXELS, 1)
    with pytest.raises(CodecError, match="no model 'nothing'"):
        tfcomp.compress(PIXELS, model="nothing")
    for wrong in (5, [], b"\xff"):
        with pytest.raises(CodecError, match="."):
            tfcomp.compress(PIXELS, model=wrong)
        with pytest.raises(CodecError, match="."):
            tfcomp.load(wrong)


def test_the_default_model_is_loaded_where_none_is_named():
    codec = tfcomp.load()
    assert codec.info["name"] == "cycle"
    assert tfcomp.compress(PIXELS, 1) == codec.compress(PIXELS, 1)


@pytest.mark.parametrize("threads", ["2", 0, -1, 1.5, True])
def test_a_number_of_threads_is_a_whole_number_above_0(bundle_folder, threads):
    with pytest.raises(ConfigError, match="num_threads"):
        tfcomp.load(bundle_folder, num_threads=threads)


def test_the_background_below_transparency_can_be_chosen(codec):
    clear = Image.new("RGBA", (8, 8), (10, 200, 30, 0))
    for background, colour in (((1, 2, 250), (1, 2, 250)), ("black", (0, 0, 0)), ("#fff", 255)):
        decoded = codec.decompress(codec.compress(clear, background=background))
        assert np.abs(decoded.astype(int) - colour).max() <= 6


def _compressed_elsewhere(codec):
    return codec.compress(PIXELS, 2)


def test_a_codec_goes_to_other_processes_in_a_pickle(codec):
    expected = codec.compress(PIXELS, 2)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(codec, protocol)).compress(PIXELS, 2) == expected
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(_compressed_elsewhere, [codec]) == [expected]


@pytest.mark.parametrize("name", ["cycle-factorized", "binary", "cycle-small"])
def test_a_codec_of_every_kind_can_be_copied(name):
    codec = tfcomp.load(name, num_threads=1)
    size = codec.info["fixed_size"] or (40, 24)
    image = photo(size[1], size[0])
    expected = codec.compress(image)
    for copied in (copy.copy(codec), copy.deepcopy(codec), pickle.loads(pickle.dumps(codec))):
        assert copied.compress(image) == expected
        np.testing.assert_array_equal(copied.decompress(expected), codec.decompress(expected))
        assert copied.info == codec.info


def test_a_codec_is_pickled_while_another_thread_codes(codec):
    results = []
    thread = threading.Thread(target=lambda: results.append(codec.compress(photo(200, 200))))
    thread.start()
    copied = pickle.loads(pickle.dumps(codec))
    thread.join()
    assert copied.compress(photo(200, 200)) == results[0]


def test_a_pickle_needs_no_bundle_where_it_is_opened(codec, tmp_path):
    (tmp_path / "codec.pickle").write_bytes(pickle.dumps(codec))
    script = "import pickle, sys; print(pickle.load(open(sys.argv[1], 'rb')).info['name'])"
    environment = {**os.environ, "TFCOMP_BUNDLES": ""}
    done = python(script, tmp_path / "codec.pickle", env=environment)
    assert done.stdout == "tiny\n"


def test_what_is_dropped_of_a_file_object_is_logged(codec, caplog):
    stream = io.BytesIO()
    Image.new("RGBA", (8, 8), (10, 200, 30, 128)).save(stream, "PNG")
    with caplog.at_level(logging.WARNING, logger="tfcomp"):
        codec.compress(stream, background="white")
    assert "alpha composed on white" in caplog.text

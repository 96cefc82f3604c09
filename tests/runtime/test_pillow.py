"""The plugin behaves as Pillow's own formats do."""

import io
import os

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

import tfcomp
from tests.bundle_factory import MAX_ERROR, photo, write_bundle
from tests.child import python
from tfcomp import api
from tfcomp.errors import BitstreamError, CodecError


@pytest.fixture(autouse=True)
def plugin(installed):
    tfcomp.register_pillow()
    return installed


def test_save_and_open_round_trip(tmp_path):
    image = photo(19, 23)
    Image.fromarray(image).save(tmp_path / "x.tfcomp", level=2, model="tiny")
    with Image.open(tmp_path / "x.tfcomp") as opened:
        assert (opened.format, opened.mode, opened.size) == ("TFCOMP", "RGB", (23, 19))
        assert opened.get_format_mimetype() == "image/x-tfcomp"
        assert opened.info["level"] == 2
        decoded = np.asarray(opened)
    assert np.abs(decoded.astype(int) - image).max() <= MAX_ERROR[2]
    np.testing.assert_array_equal(decoded, tfcomp.decompress(tmp_path / "x.tfcomp"))


def test_the_pixels_are_decoded_when_they_are_first_used(tmp_path, monkeypatch):
    Image.fromarray(photo(8, 8)).save(tmp_path / "x.tfcomp", model="tiny")
    calls = []
    decode = api.Codec.decode_picture
    monkeypatch.setattr(
        api.Codec, "decode_picture", lambda *a, **o: calls.append(1) or decode(*a, **o)
    )
    with Image.open(tmp_path / "x.tfcomp") as opened:
        assert opened.size == (8, 8)
        assert not calls
        opened.load()
        opened.load()
        opened.resize((3, 3))
    assert len(calls) == 1


def test_streams_copies_and_verify_work():
    stream = io.BytesIO()
    Image.fromarray(photo(8, 8)).save(stream, "TFCOMP", model="tiny", level=1)
    stream.seek(0)
    opened = Image.open(stream)
    copied = opened.copy()
    assert copied.size == (8, 8)
    stream.seek(0)
    Image.open(stream).verify()
    stream.seek(0)
    jpeg = io.BytesIO()
    Image.open(stream).save(jpeg, "JPEG")
    assert jpeg.getvalue()[:2] == b"\xff\xd8"


def test_a_damaged_file_is_an_error_for_pillows_users_and_for_ours(tmp_path):
    stream = io.BytesIO()
    Image.fromarray(photo(8, 8)).save(stream, "TFCOMP", model="tiny")
    damaged = stream.getvalue()[:-1] + b"?"
    for kind in (UnidentifiedImageError, OSError, CodecError):
        with pytest.raises(kind, match="CRC") as caught:
            Image.open(io.BytesIO(damaged))
        assert isinstance(caught.value.__cause__, BitstreamError)


def test_a_damaged_stream_inside_a_right_file_is_an_error_at_load(bundle_folder):
    from tfcomp.bitstream.container import Container, pack
    from tfcomp.bitstream.rows import pack_rows

    fingerprint = tfcomp.load(bundle_folder).bundle.manifest.short_fingerprint
    rows = pack_rows([b"\xff" * 500])
    opened = Image.open(io.BytesIO(pack(Container(fingerprint, 1, 4, 4, (rows,)))))
    with pytest.raises(OSError, match="."):
        opened.load()


def test_other_formats_are_left_to_the_other_plugins():
    with pytest.raises(UnidentifiedImageError):
        Image.open(io.BytesIO(b"\x89TD" + bytes(30)))
    png = io.BytesIO()
    Image.fromarray(photo(4, 4)).save(png, "PNG")
    assert Image.open(png).format == "PNG"


def test_options_reach_the_codec(tmp_path):
    image = Image.fromarray(photo(40, 40))
    image.save(tmp_path / "small.tfcomp", quality=20, model="tiny")
    image.save(tmp_path / "large.tfcomp", quality=80, model="tiny")
    small, large = (os.path.getsize(tmp_path / f"{n}.tfcomp") for n in ("small", "large"))
    assert small < large
    image.save(tmp_path / "fit.tfcomp", max_bytes=large - 1, model="tiny")
    assert os.path.getsize(tmp_path / "fit.tfcomp") == small
    other = write_bundle(tmp_path / "other", spread=3.0)
    image.save(tmp_path / "other.tfcomp", model=other)
    with pytest.raises(UnidentifiedImageError, match="not installed"):
        Image.open(tmp_path / "other.tfcomp")
    for rounds in (0, 1):
        image.save(tmp_path / f"{rounds}.tfcomp", level=8, feedback=rounds, model="cycle")
    assert (tmp_path / "0.tfcomp").read_bytes() != (tmp_path / "1.tfcomp").read_bytes()


def test_a_bad_option_is_an_error_that_leaves_no_file(tmp_path):
    wrong = ({"quality": 175, "model": "tiny"}, {"model": "nothing"}, {"feedback": -1})
    for options in wrong:
        with pytest.raises(OSError, match="."):
            Image.fromarray(photo(8, 8)).save(tmp_path / "x.tfcomp", **options)
        assert not (tmp_path / "x.tfcomp").exists()


def test_the_bomb_limits_of_pillow_hold(monkeypatch):
    stream = io.BytesIO()
    Image.fromarray(photo(30, 30)).save(stream, "TFCOMP", model="tiny")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 400)
    with pytest.raises(Image.DecompressionBombError):
        Image.open(stream)


def test_importing_the_module_registers(installed, tmp_path):
    Image.fromarray(photo(6, 6)).save(tmp_path / "x.tfcomp", model="tiny")
    script = (
        "import sys, tfcomp.pillow\nfrom PIL import Image\n"
        "im = Image.open(sys.argv[1]); im.load(); print(im.size, im.format)"
    )
    child = python(script, tmp_path / "x.tfcomp", check=True)
    assert child.stdout == "(6, 6) TFCOMP\n"

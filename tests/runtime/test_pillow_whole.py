"""Pillow's plugin gives back what was saved: modes, alpha, metadata and frames."""

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

import tfcomp
from tests.bundle_factory import photo

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
PHOTO = photo(24, 32)


@pytest.fixture(autouse=True)
def plugin(installed):
    tfcomp.register_pillow()


def again(image, **options):
    """The image that comes back."""
    stream = io.BytesIO()
    image.save(stream, "TFCOMP", model="tiny", **options)
    return Image.open(io.BytesIO(stream.getvalue()))


def transparent(mode):
    image = Image.fromarray(PHOTO).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image.convert(mode)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "LA"])
def test_a_mode_comes_back(mode):
    image = transparent(mode) if mode.endswith("A") else Image.fromarray(PHOTO).convert(mode)
    opened = again(image)
    assert (opened.mode, opened.size) == (mode, image.size)
    opened.load()
    if mode.endswith("A"):
        np.testing.assert_array_equal(opened.getchannel("A"), image.getchannel("A"))


def test_metadata_of_the_image_is_kept_and_empty_options_drop_it():
    exif = Image.Exif()
    exif[271] = "camera"
    image = Image.fromarray(PHOTO)
    image.info.update(icc_profile=PROFILE, xmp=b"<x/>", exif=exif.tobytes())
    opened = again(image)
    assert opened.info["icc_profile"] == PROFILE and opened.info["xmp"] == b"<x/>"
    assert dict(opened.getexif()) == {271: "camera"}
    bare = again(image, icc_profile=b"", exif=b"", xmp=None)
    assert not {"icc_profile", "exif", "xmp"} & set(bare.info)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_orientation_that_is_given_turns_the_picture_once(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    opened = again(Image.fromarray(PHOTO), exif=exif)
    assert opened.size == ((32, 24) if orientation < 5 else (24, 32))
    assert opened.getexif().get(0x0112, 1) == 1


def test_frames_come_back_with_their_durations():
    frames = [Image.fromarray(np.roll(PHOTO, 5 * shift, 1)) for shift in range(4)]
    durations = [40, 40, 1000, 1]
    opened = again(
        frames[0], save_all=True, append_images=frames[1:], duration=durations, loop=3
    )
    assert (opened.n_frames, opened.is_animated, opened.info["loop"]) == (4, True, 3)
    for number in (3, 0, 2, 1):
        opened.seek(number)
        assert opened.tell() == number
        opened.load()
        assert opened.info["duration"] == durations[number]
        difference = np.asarray(opened).astype(int) - np.asarray(frames[number])
        assert np.abs(difference).mean() < 6
    with pytest.raises(EOFError):
        opened.seek(4)


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP"])
def test_an_animation_becomes_a_sequence(file_format):
    frames = [Image.fromarray(np.roll(PHOTO, 5 * shift, 1)) for shift in range(3)]
    stream = io.BytesIO()
    frames[0].save(
        stream, file_format, save_all=True, append_images=frames[1:], duration=[40, 50, 60], loop=0
    )
    opened = again(Image.open(stream), save_all=True)
    assert (opened.n_frames, opened.info["loop"]) == (3, 0)
    found = [(opened.seek(number), opened.info["duration"])[1] for number in range(3)]
    assert found == [40, 50, 60]


def test_frames_of_several_sizes_are_refused():
    small = Image.new("RGB", (8, 8))
    with pytest.raises(OSError, match="frames of one size"):
        again(Image.fromarray(PHOTO), save_all=True, append_images=[small])


def test_lossless_is_refused():
    with pytest.raises(OSError, match="not lossless"):
        again(Image.fromarray(PHOTO), lossless=True)
    again(Image.fromarray(PHOTO), lossless=False)

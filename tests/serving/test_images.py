"""Which files are sent as they are, and that both readers see the same pixels in them."""

import io

import numpy as np
import pytest
from PIL import Image

import tfcomp
from tests.bundle_factory import photo
from tests.serving.pictures import as_file, picture
from tfcomp.errors import ImageError
from tfcomp.runtime import read_image
from tfcomp.serving.images import claimed_size, image_file, pixels_of

RGB = picture(24, 36)
EXIF = Image.Exif()
EXIF[0x0112] = 6
FLAT_EXIF = Image.Exif()
FLAT_EXIF[0x0112] = 1
FLAT_EXIF[0x010F] = "a camera"


@pytest.mark.parametrize(
    "content",
    [
        as_file(RGB),
        as_file(RGB, "JPEG"),
        as_file(RGB, "JPEG", progressive=True, subsampling=0),
        as_file(RGB, "JPEG", exif=FLAT_EXIF),
        as_file(RGB[..., 0]),
        as_file(RGB[..., 0], "JPEG"),
    ],
)
def test_plain_files_go_as_they_are_and_tensorflow_sees_the_same_pixels(content):
    import tensorflow as tf

    from tfcomp.export.graph_images import read_image as read_in_graph

    assert image_file(content) == content
    seen = read_in_graph(tf.constant(content), 10**6).pixels.numpy()
    np.testing.assert_array_equal(seen, read_image(content).pixels)


@pytest.mark.parametrize(
    "content",
    [
        as_file(RGB, exif=EXIF),
        as_file(RGB, "JPEG", exif=EXIF),
        as_file(Image.fromarray(RGB).convert("CMYK"), "JPEG"),
        as_file(Image.fromarray(RGB).convert("P")),
        as_file(Image.fromarray(RGB).convert("RGBA")),
        as_file(RGB, transparency=(1, 2, 3)),
        as_file(RGB[..., 0].astype(np.uint16) * 257),
        as_file(Image.fromarray(RGB).convert("1")),
        as_file(RGB, "WEBP"),
        as_file(RGB, "GIF"),
        as_file(RGB, "BMP"),
        as_file(RGB, "TIFF"),
    ],
)
def test_other_files_are_converted_to_what_the_runtime_reads(content):
    sent = image_file(content)
    assert sent != content
    np.testing.assert_array_equal(
        np.asarray(Image.open(io.BytesIO(sent))), read_image(content).pixels
    )


@pytest.mark.parametrize("source", [b"", b"text", None, "no/such/file.png", as_file(RGB)[:40]])
def test_what_no_header_speaks_for_is_an_image_error(source):
    with pytest.raises(ImageError):
        image_file(source)


def compressed_files():
    """Files of both versions of 330 x 200 pixels, with what they are."""
    codec = tfcomp.load("cycle-small")
    clear = np.dstack([photo(200, 330), np.full((200, 330, 1), 90, np.uint8)])
    return {
        "version 1": codec.compress(photo(200, 330), 2),
        "alpha": codec.compress(clear, 2),
        "tiles": codec.compress(photo(200, 330), 2, tiles=64),
        "frames": codec.compress_frames([photo(200, 330)] * 2, 40, quality=2),
    }


def test_files_of_either_version_say_how_large_a_servers_answer_must_be():
    for kind, data in compressed_files().items():
        assert claimed_size(data) == (330, 200), kind
        with pytest.raises(ImageError, match="not the 330x200 of the file"):
            pixels_of(as_file(RGB), data)

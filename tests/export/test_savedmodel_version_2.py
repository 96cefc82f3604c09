"""A SavedModel around a toy codec decodes stills of format version 2, and says what it does not."""

import io
import time

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.damage import flipped_bits, truncations
from tests.export.test_savedmodel import (
    CHANNELS,
    FINGERPRINT,
    TABLES,
    make_module,
    numpy_decoded,
    numpy_latents,
    picture,
    pixels,
)
from tfcomp.bitstream import range_coder
from tfcomp.bitstream.boxes import Box, pack_boxes
from tfcomp.bitstream.container import Container
from tfcomp.bitstream.picture_file import Alpha, Frame, PictureFile
from tfcomp.bitstream.picture_writer import write_file
from tfcomp.bitstream.rows import pack_rows
from tfcomp.runtime.grey import grey_of

QUALITY = 2


@pytest.fixture(scope="module")
def module():
    return make_module(max_pixels=40_000)


def coded(image: np.ndarray) -> Container:
    """What the toy codec makes of uint8 [H, W, 3]."""
    latents = numpy_latents(image.astype(np.int32), QUALITY)
    first = (QUALITY - 1) * CHANNELS
    index = np.tile(first + np.arange(CHANNELS), latents.shape[1] // CHANNELS)
    section = pack_rows(range_coder.encode_rows(latents, index, TABLES))
    return Container(FINGERPRINT[:4], QUALITY, image.shape[1], image.shape[0], (section,))


def frame_of(image: np.ndarray, side: int = 0, **more) -> Frame:
    height, width = image.shape[:2]
    step = side or max(height, width)
    images = tuple(
        coded(image[top : top + step, left : left + step])
        for top in range(0, height, step)
        for left in range(0, width, step)
    )
    return Frame(images, width, height, side, **more)


def still(image: np.ndarray, side: int = 0, exif: bytes = b"exif", **more) -> bytes:
    return write_file(PictureFile((frame_of(image, side, **more),), exif=exif))


def answers(signature, files: list[bytes]) -> list:
    """Of each file its pixels, or what is wrong."""
    result = signature(tf.constant(files, tf.string))
    contents, errors = (result[name].numpy().tolist() for name in ("image_bytes", "error"))
    assert all(bool(content) != bool(error) for content, error in zip(contents, errors))
    return [error.decode() or pixels(content) for content, error in zip(contents, errors)]


def grey_png(alpha: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(alpha).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize("height, width, side", [(7, 9, 0), (70, 130, 64), (64, 64, 64)])
def test_a_still_decodes_as_the_file_of_version_1_does(module, height, width, side):
    image = picture(height, width)
    (found,) = answers(module.decompress, [still(image, side)])
    np.testing.assert_array_equal(found, numpy_decoded(image, QUALITY))


def test_a_grey_still_has_the_same_luma_in_each_channel(module):
    image = picture(20, 10)
    (found,) = answers(module.decompress, [still(image, grey=True)])
    grey = grey_of(numpy_decoded(image, QUALITY).astype(np.uint8))
    np.testing.assert_array_equal(found, np.repeat(grey[..., None], 3, 2))


@pytest.mark.parametrize("premultiplied", [False, True])
def test_transparency_comes_with_decompress_rgba_alone(module, premultiplied):
    image, alpha = picture(20, 30), picture(20, 30, seed=1)[..., 0]
    alpha[:4] = 0
    data = still(image, alpha=Alpha(grey_png(alpha), premultiplied))
    assert "decompress_rgba" in answers(module.decompress, [data])[0]
    (found,) = answers(module.decompress_rgba, [data])
    decoded = numpy_decoded(image, QUALITY)
    if premultiplied:
        opacity = alpha.astype(int)[..., None]
        straight = (510 * decoded + opacity) // np.maximum(2 * opacity, 1)
        decoded = np.where(opacity, np.minimum(straight, 255), 0)
    np.testing.assert_array_equal(found[..., :3], decoded)
    np.testing.assert_array_equal(found[..., 3], alpha)


def test_opaque_stills_of_either_version_are_opaque_with_decompress_rgba(module):
    image = picture(6, 5)
    for exif in (b"", b"exif"):
        (found,) = answers(module.decompress_rgba, [still(image, exif=exif)])
        np.testing.assert_array_equal(found[..., :3], numpy_decoded(image, QUALITY))
        assert (found[..., 3] == 255).all()


def test_alpha_whose_data_are_damaged_is_an_error_of_its_item(module):
    alpha = grey_png(picture(20, 30)[..., 0])
    damaged = alpha[:60] + bytes([alpha[60] ^ 1]) + alpha[61:]
    files = [still(picture(20, 30), alpha=Alpha(content)) for content in (damaged, alpha)]
    wrong, right = answers(module.decompress_rgba, files)
    assert "alpha is damaged" in wrong and right.shape == (20, 30, 4)


def test_a_sequence_is_refused_by_name_and_the_others_of_its_batch_are_done(module):
    image = picture(6, 5)
    frames = tuple(frame_of(image, duration=40) for _ in range(3))
    sequence = write_file(PictureFile(frames, loops=0))
    refused, done = answers(module.decompress, [sequence, still(image)])
    assert refused.startswith("item 0: the file is a sequence")
    np.testing.assert_array_equal(done, numpy_decoded(image, QUALITY))


def test_boxes_that_may_be_skipped_are_and_others_name_the_newer_format(module):
    data, image = still(picture(6, 5)), picture(6, 5)
    lower, upper = (data[:4] + pack_boxes([Box(c, b"new")])[4:-1] + data[4:] for c in "qQ")
    found, refused = answers(module.decompress, [lower, upper])
    np.testing.assert_array_equal(found, numpy_decoded(image, QUALITY))
    assert "a part 'Q'" in refused


def test_every_truncation_and_every_flipped_bit_is_an_error(module):
    data = still(picture(3, 2))
    damaged = [*truncations(data), *flipped_bits(data)]
    assert all(isinstance(answer, str) for answer in answers(module.decompress, damaged))


def test_damaged_streams_of_one_tile_are_an_error(module):
    frame = frame_of(picture(70, 66), 64)
    last = frame.images[-1]
    (section,) = last.sections
    broken = Container(last.fingerprint, QUALITY, last.width, last.height, (section + b"\1",))
    tiles = (*frame.images[:-1], broken)
    data = write_file(PictureFile((Frame(tiles, 66, 70, 64),)))
    assert "rows do not fill" in answers(module.decompress, [data])[0]


def test_many_tiles_that_claim_more_than_the_limit_are_refused(module):
    section = (pack_rows([b""] * 32),)
    image = Container(FINGERPRINT[:4], QUALITY, 64, 64, section)
    frame = Frame((image,) * 400, 64 * 20, 64 * 20, 64)
    (answer,) = answers(module.decompress, [write_file(PictureFile((frame,)))])
    assert "more than the limit" in answer


def test_thousands_of_empty_boxes_take_seconds(module):
    data = pack_boxes([Box("q", b"")] * 2000)
    answers(module.decompress, [b""])  # builds the graph
    start = time.process_time()
    (answer,) = answers(module.decompress, [data])
    assert "too few pictures" in answer
    assert time.process_time() - start < 5

"""The page and version 2: alpha, grey, tiles, sequences, and files that break off."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import tfcomp
from tests.spec.version_2_files import golden, tiled
from tests.web.conftest import decoded_pixels, facts, give, wait
from tests.web.test_page import levels_apart, message, photograph  # noqa: F401
from tfcomp.bitstream.picture_file import Alpha, Frame, PictureFile
from tfcomp.bitstream.picture_writer import write_file
from tfcomp.runtime.grey import grey_of

_ASK = """
async (bytes) => {
  const { ask } = await import("/js/page/client.js");
  const answer = await ask("decode", { bytes: Uint8Array.from(bytes) });
  return { ...answer, rgba: Array.from(answer.rgba) };
}
"""


def alpha_of(width: int, height: int) -> np.ndarray:
    """uint8 [height, width], from nothing to all."""
    alpha = np.linspace(0, 255, width).astype(np.uint8)
    return np.repeat(alpha[None], height, 0)


def as_png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def asked(page, data: bytes) -> tuple[dict, np.ndarray]:
    """What the worker answers, and uint8 [H, W, 4]."""
    answer = page.evaluate(_ASK, list(data))
    rgba = np.array(answer["rgba"], np.uint8)
    return answer, rgba.reshape(answer["height"], answer["width"], 4)


@pytest.mark.parametrize("premultiplied", [False, True])
def test_alpha_is_decoded_exactly_and_shown(page, premultiplied):
    codec, image, _ = golden("cycle")
    alpha = alpha_of(image.width, image.height)
    held = Alpha(as_png(alpha), premultiplied)
    frame = Frame((image,), image.width, image.height, alpha=held)
    data = write_file(PictureFile((frame,)))
    _, rgba = asked(page, data)
    np.testing.assert_array_equal(rgba[..., 3], alpha)
    colours = codec.decode_frame(frame).astype(int)
    if premultiplied:
        opacity = alpha[..., None].astype(int)
        colours = np.minimum((510 * colours + opacity) // np.maximum(2 * opacity, 1), 255)
        seen = alpha > 200  # a level of difference grows as 255 / alpha
        assert np.abs(rgba[..., :3][seen] - colours[seen]).max() <= 2
        assert not rgba[..., :3][alpha == 0].any()
    else:
        assert np.abs(rgba[..., :3] - colours).max() <= 1
    give(page, ("alpha.tfcomp", data))
    assert "transparent" in facts(page)["Holds"]
    background = "node => getComputedStyle(node).backgroundImage"
    assert "gradient" in page.eval_on_selector("#decoded", background)
    assert page.eval_on_selector("#original", background) == "none"  # which lies over it


def test_grey_and_tiles_decode_to_the_pixels_that_python_decodes(page):
    codec, image, latents = golden("cycle-factorized")
    frame = tiled(codec, image, latents, 64, grey=True)
    size = image.height, image.width
    expected = grey_of(codec.decode_latents(latents, image.quality, size))
    give(page, ("grey.tfcomp", write_file(PictureFile((frame,), None, b"a profile"))))
    assert message(page) == ""
    assert levels_apart(decoded_pixels(page), np.repeat(expected[..., None], 3, 2)) <= 1
    assert "grey" in facts(page)["Holds"] and "6 tiles" in facts(page)["Holds"]
    assert "profile" in facts(page)["Holds"] and "not applied" in facts(page)["Holds"]


def test_a_hyperpriors_tiles_are_put_together(page):
    codec, image, latents = golden("cycle-small")
    step, units = 64 // codec.info["stride"], 8
    frame = tiled(codec, image, latents.astype(np.float32) / units, 64)
    for number, tile in enumerate(frame.images):
        top, left = (step * index for index in divmod(number, 3))
        place = latents[top : top + step, left : left + step]
        place[:] = codec.entropy_coder.decode(tile.sections, tile.quality, *place.shape[:2])
    expected = codec.decode_latents(latents, image.quality, (image.height, image.width))
    give(page, ("tiles.tfcomp", write_file(PictureFile((frame,)))))
    assert message(page) == ""
    assert levels_apart(decoded_pixels(page), expected) <= 1


def test_a_sequence_plays_and_can_be_stopped(page):
    held = [golden("cycle-factorized", "chelsea-quality-4") for _ in range(3)]
    frames = [
        Frame((image,), image.width, image.height, duration=duration, grey=number == 1)
        for number, ((_, image, _), duration) in enumerate(zip(held, (40, 10_000, 40)))
    ]
    give(page, ("moving.tfcomp", write_file(PictureFile(tuple(frames), loops=2))))
    assert message(page) == ""
    assert facts(page)["Frames"] == "3, 10.08 s, played 2 times"
    assert page.is_visible("#play")
    # The second frame, which is grey, comes after 40 ms and stays for ten seconds.
    page.wait_for_function("document.querySelector('#frame-number').textContent === '2 of 3'")
    pixels = decoded_pixels(page)
    assert (pixels[..., 0] == pixels[..., 1]).all()
    page.click("#play")
    assert page.inner_text("#play") == "Play"
    page.fill("#position", "0")
    assert page.inner_text("#frame-number") == "1 of 3"
    pixels = decoded_pixels(page)
    assert (pixels[..., 0] != pixels[..., 1]).any()


@pytest.mark.parametrize("model", ["cycle", "cycle-factorized", "binary"])
def test_a_file_that_breaks_off_is_shown_with_a_note(page, photograph, model):  # noqa: F811
    data = tfcomp.load(model).compress(photograph, quality=5)
    give(page, ("half.tfcomp", data[: len(data) * 3 // 4]))
    assert message(page) == ""
    assert "breaks off" in page.inner_text("#note")
    found = decoded_pixels(page).astype(int)
    assert found.shape == photograph.shape
    give(page, ("whole.tfcomp", data))
    assert not page.is_visible("#note")


def test_a_transparent_picture_that_the_page_compresses_keeps_its_alpha(page, photograph):  # noqa: F811
    alpha = alpha_of(photograph.shape[1], photograph.shape[0])
    alpha[:30] = 0
    give(page, ("clear.png", as_png(np.dstack([photograph, alpha]))))
    page.select_option("#model", "cycle")
    page.click("#compress")
    wait(page)
    assert message(page) == ""
    with page.expect_download() as download:
        page.click("#download")
    data = download.value.path().read_bytes()
    assert data[3] == 2
    answer, rgba = asked(page, data)
    np.testing.assert_array_equal(rgba[..., 3], alpha)
    seen = alpha > 128
    error = rgba[..., :3][seen].astype(float) - photograph[seen]
    assert np.sqrt(np.mean(error**2)) < 12
    assert answer["holds"]["alpha"]


def test_a_grey_picture_that_the_page_compresses_comes_back_grey(page, photograph):  # noqa: F811
    grey = grey_of(photograph)
    give(page, ("grey.png", as_png(grey)))
    page.select_option("#model", "cycle")
    page.click("#compress")
    wait(page)
    pixels = decoded_pixels(page)
    assert (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 0] == pixels[..., 2]).all()
    assert np.abs(pixels[..., 0].astype(int) - grey).mean() < 8

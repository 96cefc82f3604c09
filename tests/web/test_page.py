"""The page in a real Chromium: decoding, compressing, comparing, and saying what is wrong."""

from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
from PIL import Image

import tfcomp
from tests.web.conftest import decoded_pixels, facts, give, wait
from tfcomp.errors import BitstreamError

ANY_SIZE = ["binary", "cycle", "cycle-factorized", "cycle-small", "cycle-small-msssim"]
FACES = "vaegan-faces"  # of 128x128 pixels only

_TILED = """
async ({ bytes, tileSides }) => {
  const { ask } = await import("/js/page/client.js");
  const answer = await ask("decode", { bytes: Uint8Array.from(bytes), tileSides });
  return [answer.width, answer.height, Array.from(answer.rgba)];
}
"""


@pytest.fixture(scope="module")
def photograph():
    """uint8 [96, 70, 3], with edges and texture."""
    from tfcomp.data.sample_source import sample_images

    return sample_images("test")["chelsea"][80:176, 130:200]


@pytest.fixture(scope="module")
def face():
    """uint8 [128, 128, 3]."""
    from tfcomp.data.sample_source import sample_images

    return sample_images()["astronaut"][60:188, 160:288]


def png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def levels_apart(one: np.ndarray, other: np.ndarray) -> int:
    assert one.shape == other.shape
    return int(np.abs(one.astype(int) - other).max())


def message(page) -> str:
    """The error on view, or nothing."""
    return page.inner_text("#error") if page.is_visible("#error") else ""


@pytest.mark.parametrize(
    "model, height, width, quality",
    [
        *[(model, 61, 47, 3) for model in ANY_SIZE],
        ("binary", 96, 70, 8),
        ("binary", 1, 1, 1),
        ("cycle", 96, 70, 5),
        ("cycle", 41, 33, 8),
        ("cycle", 1, 1, 1),
    ],
)
def test_a_file_decodes_to_the_pixels_that_python_decodes(
    page, photograph, model, height, width, quality
):
    data = tfcomp.load(model).compress(photograph[:height, :width], quality=quality)
    give(page, ("photo.tfcomp", data))
    assert message(page) == ""
    assert levels_apart(decoded_pixels(page), tfcomp.decompress(data)) <= 1
    shown = facts(page)
    assert shown["Size"] == f"{len(data):,} bytes"
    assert shown["Bits per pixel"] == f"{8 * len(data) / (height * width):.3f}"
    assert shown["Picture"] == f"{width} × {height}"
    assert shown["Model"] == f"{model}, quality {quality}"
    assert float(shown["Decoded in"].split()[0]) >= 0


def test_every_shipped_model_is_offered_and_the_usual_one_is_chosen(page):
    offered = page.eval_on_selector_all("#model option", "all => all.map(({ value }) => value)")
    assert sorted(offered) == sorted(tfcomp.list_models())
    assert page.input_value("#model") == "cycle"


def test_a_model_with_other_qualities_sets_the_quality_to_its_own_default(page, photograph):
    give(page, ("photo.png", png(photograph)))  # so that the choice is on view
    page.select_option("#model", FACES)
    assert page.inner_text("#quality-value") == "1 of 1"
    page.select_option("#model", "cycle")
    assert page.inner_text("#quality-value") == "5 of 8"


def test_a_face_decodes_although_its_file_says_no_size(page, face):
    data = tfcomp.load(FACES).compress(face)
    give(page, ("face.tfcomp", data), ("face.png", png(face)))
    assert message(page) == ""
    assert levels_apart(decoded_pixels(page), tfcomp.decompress(data)) <= 1
    assert facts(page)["Picture"] == "128 × 128"
    assert facts(page)["Model"] == f"{FACES}, quality 1"
    assert "PSNR" in facts(page)


def test_a_model_of_one_size_refuses_other_pictures_and_says_why(page, photograph):
    give(page, ("photo.png", png(photograph)))
    page.select_option("#model", FACES)
    page.click("#compress")
    wait(page)
    assert "takes pictures of 128×128 pixels only, not 70×96" in message(page)
    page.select_option("#model", "cycle")


@pytest.mark.parametrize(
    "model, image_side", [("binary", 10), ("cycle", 3), ("cycle-factorized", 3)]
)
def test_a_large_picture_decodes_window_by_window_to_the_same_pixels(
    page, photograph, model, image_side
):
    large = np.tile(photograph, (2, 3, 1))[:189, :205]
    data = tfcomp.load(model).compress(large, quality=2)
    # In place of sides for gigabytes of memory.
    sides = {"image": image_side, "pass": 4, "hyper": 2}
    width, height, rgba = page.evaluate(_TILED, {"bytes": list(data), "tileSides": sides})
    pixels = np.array(rgba, np.uint8).reshape(height, width, 4)[..., :3]
    assert levels_apart(pixels, tfcomp.decompress(data)) <= 1


@pytest.mark.parametrize("model", ["binary", "cycle", "cycle-factorized", FACES])
def test_a_picture_that_the_page_compresses_decodes_in_python(page, photograph, face, model):
    pixels = np.ascontiguousarray((face if model == FACES else photograph)[:, ::-1])
    quality = 1 if model == FACES else 4
    give(page, ("mirrored.png", png(pixels)))
    page.select_option("#model", model)
    page.fill("#quality", str(quality))
    page.click("#compress")
    wait(page)
    assert message(page) == ""
    with page.expect_download() as download:
        page.click("#download")
    assert download.value.suggested_filename == "mirrored.tfcomp"
    data = download.value.path().read_bytes()
    decoded = tfcomp.decompress(data)
    assert levels_apart(decoded, decoded_pixels(page)) <= 1
    # As good and as small as Python's own, but for a value that lay between two integers.
    own = tfcomp.load(model).compress(pixels, quality=quality)
    assert abs(len(data) - len(own)) <= 0.01 * len(own) + 2
    assert np.abs(decoded.astype(int) - tfcomp.decompress(own)).mean() < 0.5


def test_a_picture_beside_the_file_is_compared_with_it(page, photograph):
    data = tfcomp.load("cycle").compress(photograph, quality=3)
    give(page, ("photo.tfcomp", data), ("photo.png", png(photograph)))
    error = tfcomp.decompress(data).astype(float) - photograph
    assert facts(page)["PSNR"] == f"{10 * np.log10(255**2 / np.mean(error**2)):.2f} dB"
    assert page.is_visible("#divider") and page.is_visible("#original canvas")
    page.focus("#divider")
    page.keyboard.press("Home")
    assert page.eval_on_selector("#original", "node => getComputedStyle(node).clipPath") == (
        "inset(0px 100% 0px 0px)"
    )


def test_a_picture_of_another_size_is_not_compared(page, photograph):
    data = tfcomp.load("cycle-factorized").compress(photograph, quality=1)
    give(page, ("photo.tfcomp", data), ("smaller.png", png(photograph[:50])))
    assert not page.is_visible("#divider")
    assert "another size" in page.inner_text("#status")


@pytest.mark.parametrize(
    "damage, expected",
    [
        (lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:], "damaged (CRC differs)"),
        (lambda data: data[:16], "damaged (CRC differs)"),  # too little for a picture
        (lambda data: data[:7], "too short"),
        (lambda data: b"", "empty"),
        (lambda data: b"GIF89a" + data, "not a .tfcomp file"),
        (lambda data: data[:3] + b"\x03" + data[4:], "format version 3"),
        (lambda data: sealed(data[:4] + b"\1\2\3\4" + data[8:-4]), "model 01020304"),
        (lambda data: sealed(data[:8] + b"\x63" + data[9:-4]), "quality 99"),
        (lambda data: sealed(data[:9] + b"\xff\xff\xff\x7f" * 2 + data[11:-4]), "too large"),
        (lambda data: sealed(data[:-4] + b"more"), "Bytes are left"),
        (lambda data: forged_latents(data), "damaged"),
    ],
    ids=[
        "bit",
        "cut",
        "short",
        "empty",
        "other",
        "version",
        "model",
        "quality",
        "huge",
        "longer",
        "latents",
    ],
)
def test_a_corrupt_file_gives_a_message_that_says_what_is_wrong(page, photograph, damage, expected):
    data = tfcomp.load("cycle").compress(photograph, quality=5)
    give(page, ("broken.tfcomp", damage(data)))
    assert expected in message(page)
    assert not page.is_visible("#result")
    assert page.get_attribute("#error", "role") == "alert"


def sealed(body: bytes) -> bytes:
    """A file with a right CRC: what a hostile writer makes."""
    return body + zlib.crc32(body).to_bytes(4, "little")


def forged_latents(data: bytes) -> bytes:
    """A file with another end of its last stream, which the Python decoder refuses: many decode."""
    for value in range(256):
        forged = sealed(data[:-12] + bytes([value] * 8))
        try:
            tfcomp.decompress(forged)
        except BitstreamError:
            return forged
    raise AssertionError("every end of the last stream is taken")


def test_after_a_corrupt_file_a_whole_one_still_decodes(page, photograph):
    data = tfcomp.load("cycle").compress(photograph, quality=5)
    give(page, ("broken.tfcomp", data[:-1] + bytes([data[-1] ^ 1])))
    assert message(page)
    give(page, ("whole.tfcomp", data))
    assert message(page) == ""
    assert levels_apart(decoded_pixels(page), tfcomp.decompress(data)) <= 1


def test_what_is_no_picture_gives_a_message(page):
    give(page, ("notes.txt", b"not a picture"))
    assert "notes.txt is neither" in message(page)


def test_the_page_asks_no_other_host_and_goes_on_without_a_network(browser, address, photograph):
    context = browser.new_context()
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.set_default_timeout(180_000)
    page.goto(address)
    data = tfcomp.load("cycle-factorized").compress(photograph, quality=4)
    wait(page)
    give(page, ("photo.tfcomp", data))
    assert any(url.endswith("decoder.tflite") for url in asked)
    local = (address, f"blob:{address}")
    assert [url for url in asked if not url.startswith(local)] == []
    context.set_offline(True)
    give(page, ("again.tfcomp", data))
    assert message(page) == ""
    assert "again.tfcomp" in page.inner_text("#status")
    assert levels_apart(decoded_pixels(page), tfcomp.decompress(data)) <= 1
    context.close()

"""The page plays and seeks frames that depend on the one before, with LiteRT.js in a browser."""

import numpy as np
import pytest

from tests import hyperprior_factory, needs

pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)

import tfcomp
from tests.web.conftest import decoded_pixels, facts, give, page_with
from tests.web.test_page import levels_apart, message
from tfcomp.bitstream.boxes import read_boxes

_FRAMES = """
async ([file, numbers]) => {
  const { handlers } = await import("/js/runtime/service.js");
  await handlers.decode({ bytes: Uint8Array.from(file) });
  const found = [];
  for (const number of numbers) found.push(Array.from((await handlers.frame({ number })).rgba));
  return found;
}
"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A bundle that nothing trained, with networks for dependent frames."""
    from tfcomp.export.bundle import write_bundle

    folder = tmp_path_factory.mktemp("bundles") / "chained"
    config = hyperprior_factory.sequence_config()
    write_bundle(hyperprior_factory.lively_model(config=config), config, folder, "chained")
    return folder


@pytest.fixture(scope="module")
def page(browser, address, installed_page, bundle):
    """The page with that bundle, too."""
    with page_with(browser, address, installed_page, bundle) as page:
        yield page


@pytest.fixture(scope="module")
def clip(bundle):
    """A file of five frames of 70x50 pixels; uint8 [5, 50, 70, 3], what Python makes of it."""
    codec = tfcomp.load(bundle)
    scene = np.random.default_rng(5).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    frames = [scene.copy() for _ in range(5)]
    for number, frame in enumerate(frames):
        frame[8:24, 4 * number : 4 * number + 16] = 200
    data = codec.compress_frames(frames, 10_000, group=3)
    assert "".join(box.type for box in read_boxes(data)) == "SIDDID"
    return data, np.stack([frame.pixels for frame in codec.read_frames(data)])


def test_frames_are_those_that_python_decodes_played_and_sought(page, clip):
    data, expected = clip
    order = [0, 1, 2, 3, 4, 2, 4, 1, 0]
    (worker,) = page.workers
    for number, rgba in zip(order, worker.evaluate(_FRAMES, [list(data), order]), strict=True):
        found = np.array(rgba, np.uint8).reshape(50, 70, 4)[..., :3]
        assert levels_apart(found, expected[number]) <= 1, number


def test_the_page_plays_them(page, clip):
    data, expected = clip
    give(page, ("chained.tfcomp", data))
    assert message(page) == ""
    assert facts(page)["Frames"].startswith("5, ")
    page.click("#play")
    for number in (2, 4):
        page.fill("#position", str(number))
        assert page.inner_text("#frame-number") == f"{number + 1} of 5"
        assert levels_apart(decoded_pixels(page), expected[number]) <= 1

"""The web page decodes other pictures to their own samples, in a browser, with LiteRT.js."""

import numpy as np
import pytest

from tests import needs

pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)

import tfcomp
from tests.channels import pictures
from tests.channels.conftest import five_bundle, five_folder, five_run  # noqa: F401 - fixtures
from tests.web.conftest import decoded_pixels, give, page_with

_SAMPLES = """
async file => {
  const { handlers } = await import("/js/runtime/service.js");
  const found = await handlers.decode({ bytes: Uint8Array.from(file) });
  const { samples, channels, width, height } = found;
  const { models } = await handlers.models();
  return {
    kind: samples.constructor.name,
    samples: Array.from(samples),
    shape: [height, width, channels],
    models: models.map(({ name }) => name),
  };
}
"""


@pytest.fixture(scope="module")
def page(browser, address, installed_page, five_bundle):  # noqa: F811
    """The page with a further bundle."""
    with page_with(browser, address, installed_page, five_bundle) as page:
        yield page


def test_the_page_gives_and_shows_five_channels(page, five_bundle):  # noqa: F811
    codec = tfcomp.load(five_bundle)
    data = codec.compress(pictures.whole(9, 5, 12, height=50, width=70))
    decoded = codec.decompress(data).astype(int)
    (worker,) = page.workers
    found = worker.evaluate(_SAMPLES, list(data))
    assert (found["kind"], found["shape"]) == ("Uint16Array", [50, 70, 5])
    samples = np.array(found["samples"]).reshape(found["shape"])
    assert np.abs(samples - decoded).max() <= 1
    # Nothing to compress pictures of a screen with.
    assert "five" not in found["models"] and "cycle" in found["models"]
    give(page, ("five.tfcomp", data))
    assert not page.is_visible("#error"), page.inner_text("#error")
    shown = decoded_pixels(page).astype(int)
    assert np.abs(shown - np.rint(decoded[..., :3] * 255 / 4095)).max() <= 1

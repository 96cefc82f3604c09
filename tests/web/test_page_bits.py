"""The page codes bits whose probabilities a hyperprior gives, as Python does."""

from __future__ import annotations

import numpy as np
import pytest

import tfcomp
from tests import hyperprior_factory
from tests.web.conftest import decoded_pixels, give, page_with
from tests.web.test_page import levels_apart, message


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """A bundle that nothing trained."""
    from tfcomp.export.bundle import write_bundle

    folder = tmp_path_factory.mktemp("bundles") / "rated-bits"
    model = hyperprior_factory.lively_bits()
    write_bundle(model, hyperprior_factory.bits_config(), folder, "rated-bits")
    return folder


def test_a_file_of_bits_decodes_to_the_pixels_that_python_decodes(
    browser, address, installed_page, bundle
):
    codec = tfcomp.load(bundle)
    picture = np.random.default_rng(5).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    data = codec.compress(picture, quality=3)
    with page_with(browser, address, installed_page, bundle) as page:
        give(page, ("bits.tfcomp", data))
        assert message(page) == ""
        assert levels_apart(decoded_pixels(page), codec.decompress(data)) <= 1

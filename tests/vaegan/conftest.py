"""The tiny vaegans that these tests share."""

from tests.vaegan_factory import *  # noqa: F403

"""The tiny vaegans that these tests share."""

from tests.vaegan_factory import (  # noqa: F401
    faces_32,
    ladder_bundle,
    ladder_config,
    ladder_model,
    photograph_pieces,
    vaegan_bundle,
    vaegan_config,
    vaegan_model,
    vaegan_run,
)

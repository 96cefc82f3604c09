"""What the tests of bundles, benchmarks and vaegans share."""

from tests.bundle_factory import (  # noqa: F401
    bundle_folder,
    children_find_the_package,
    installed,
)
from tests.evaluation.conftest import folder, photographs  # noqa: F401
from tests.vaegan_factory import *  # noqa: F403

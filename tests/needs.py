"""What tests are skipped for want of, and the command that brings it; a run ends with both."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version


def without(what: str, command: str) -> str:
    """The reason of a skip: what is missing, and how to get it."""
    return f"{what}; to run it: {command}"


_PACKAGES = "pip install -e '.[train,test]'"
TENSORFLOW = without("TensorFlow is not installed", f"{_PACKAGES} on Python 3.9 to 3.13")
TENSORFLOW_COMPRESSION = without(
    "tensorflow-compression, the referee, is not installed", "make test-old, on Python 3.9 to 3.11"
)
OTHER_STACK = without(
    "the other TensorFlow's environment is not beside the checkout",
    "make setup-old setup-new, on a machine with a Python for each",
)
IMPORT_LINTER = without(
    "import-linter is not installed", f"{_PACKAGES} on Python 3.10 or newer"
)
BEAM = without("Apache Beam is not installed", "pip install -e '.[beam]' on Python 3.10 or newer")
ZARR = without("zarr 3 is not installed", "pip install -e '.[zarr]' on Python 3.11 or newer")
XARRAY = without(
    "xarray and dask are not installed", "pip install xarray dask on Python 3.11 or newer"
)
HEIF = without("pillow-heif is not installed", "pip install pillow-heif")
SCIKIT_IMAGE = without("scikit-image is not installed", _PACKAGES)
PLAYWRIGHT = without("Playwright, which drives the browser, is not installed", _PACKAGES)
CHROMIUM = without("there is no Chromium", "apt-get install chromium")
NPM_REGISTRY = without("npm cannot reach its registry", "npm ci in examples/web, online")
NODE = without("there is no Node.js with npm", "apt-get install nodejs npm")
COMPILER = without("there is no C compiler", "apt-get install gcc libc6-dev")
LITERT_LIBRARY = without("there is no libLiteRt.so", "pip install ai-edge-litert on Linux")
CMAKE = without("there is no cmake or no C compiler", "apt-get install cmake gcc libc6-dev")
MODEL_SERVER = without(
    "tensorflow_model_server is not on the PATH; the contract servers stand in for it",
    "install TensorFlow Serving's Debian package, tensorflow-model-server",
)
CIFAR10 = without(
    "../shared/data/tfds/cifar10 is absent", "tfds build cifar10, its first 8,000 and 1,000 images"
)
BJONTEGAARD = without("bjontegaard is not installed", _PACKAGES)
CHECKOUT = without("this is no checkout of git", "git clone")
GIT = without("there is no git", "apt-get install git")
EXTENSION = without("the C extension is not built", "apt-get install gcc; pip install -e .")


def stack() -> str:
    """The Python and the TensorFlow that the tests run on, in words."""
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    try:
        return f"{python} with TensorFlow {version('tensorflow')}"
    except PackageNotFoundError:
        return f"{python} without TensorFlow"


def lines(skips: Iterable[tuple[str, str]]) -> list[str]:
    """One line for each group of skipped tests, the largest first.

    skips: for each the path of its file and the reason.
    """
    groups = Counter((path.rpartition("/")[0], reason) for path, reason in skips)
    return [f"{count} in {folder}: {reason}" for (folder, reason), count in groups.most_common()]

"""The tiny bundle and small photographs that no codec finds trivial."""

import numpy as np
import pytest
from PIL import Image

from tests.bundle_factory import (  # noqa: F401
    bundle_folder,
    children_find_the_package,
    installed,
)


@pytest.fixture(scope="session")
def photographs():
    """Name -> uint8 [H, W, 3], crops of scikit-image's photographs, one too small for MS-SSIM."""
    from skimage import data

    return {
        "astronaut.png": np.ascontiguousarray(data.astronaut()[20:212, 150:350]),
        "coffee.png": np.ascontiguousarray(data.coffee()[100:228, 200:296]),
    }


@pytest.fixture
def folder(tmp_path, photographs):
    """The photographs as PNG files, one in a folder within."""
    target = tmp_path / "images"
    (target / "more").mkdir(parents=True)
    Image.fromarray(photographs["astronaut.png"]).save(target / "astronaut.png")
    Image.fromarray(photographs["coffee.png"]).save(target / "more" / "coffee.png")
    return target

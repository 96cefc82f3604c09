"""Pictures for the tests of serving, as arrays and as files."""

import io

import numpy as np
from PIL import Image


def picture(height, width, seed=0):
    """Noise of every coarseness, uint8 [height, width, 3]."""
    rng = np.random.default_rng(seed)
    image = np.zeros((height, width, 3))
    for side in (1, 4, 16, 64):
        grid = rng.normal(size=(-(-height // side), -(-width // side), 3), scale=40)
        image += np.kron(grid, np.ones((side, side, 1)))[:height, :width]
    return (image + 128).clip(0, 255).astype(np.uint8)


def as_file(image, file_format="PNG", **options):
    """The bytes of an image file; image: an array, or a PIL image."""
    buffer = io.BytesIO()
    if isinstance(image, np.ndarray):
        image = Image.fromarray(image)
    image.save(buffer, file_format, **options)
    return buffer.getvalue()

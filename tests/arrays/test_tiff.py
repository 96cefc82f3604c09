"""A GeoTIFF's pixels go through the codec, and its georeference with the caller."""

import json

import numpy as np
import pytest

from tests import needs
from tests.arrays.pictures import MODEL, picture
from tfcomp.arrays import decode, encode
from tfcomp.evaluation.metrics import psnr

tifffile = pytest.importorskip("tifffile", reason=needs.SCIKIT_IMAGE)

KEYS = (1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32633)
TAGS = [
    (33550, "d", 3, (10.0, 10.0, 0.0), True),
    (33922, "d", 6, (0.0, 0.0, 0.0, 5e5, 5.5e6, 0.0), True),
    (34735, "H", len(KEYS), KEYS, True),
    (42113, "s", 2, "0", True),
]


def _georeference(path):
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages[0]
        tags = [t for t in page.tags if t.code in {code for code, *_ in TAGS}]
        return page.asarray(), [(t.code, int(t.dtype), t.count, t.value, True) for t in tags]


def test_a_geotiff_comes_back_with_its_place_and_its_pixels_without_data(tmp_path):
    pixels = picture()[:96, :96].copy()
    pixels[:30, :50] = 0
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", extratags=TAGS)
    read, tags = _georeference(tmp_path / "a.tif")
    no_data = int(next(value for code, _, _, value, _ in tags if code == 42113))
    data, kept = encode(read, MODEL, psnr=33, no_data=no_data), json.dumps(tags)
    back = decode(data, no_data=no_data)
    tifffile.imwrite(tmp_path / "b.tif", back, photometric="rgb", extratags=json.loads(kept))
    again, tags_again = _georeference(tmp_path / "b.tif")
    assert tags_again == tags
    np.testing.assert_array_equal((again == 0).all(2), (pixels == 0).all(2))
    assert psnr(pixels[30:], again[30:]) >= 32.9
    with tifffile.TiffFile(tmp_path / "b.tif") as tiff:
        assert tiff.geotiff_metadata["ProjectedCSTypeGeoKey"] == 32633

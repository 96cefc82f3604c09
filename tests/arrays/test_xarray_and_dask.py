"""xarray and dask use the stores as any others."""

import numpy as np
import pytest

from tests import needs
from tests.arrays.pictures import MODEL, QUALITY, decoded_chunk, near, picture

pytest.importorskip("zarr", minversion="3", reason=needs.ZARR)
xarray = pytest.importorskip("xarray", reason=needs.XARRAY)
dask_array = pytest.importorskip("dask.array", reason=needs.XARRAY)

import zarr  # noqa: E402

from tfcomp.arrays import NumcodecsCodec, ZarrCodec  # noqa: E402


def _coding(zarr_format):
    if zarr_format == 3:
        return {"serializer": ZarrCodec(MODEL, quality=QUALITY), "compressors": None}
    return {"compressors": NumcodecsCodec(MODEL, quality=QUALITY)}


@pytest.fixture
def scene():
    return xarray.Dataset(
        {"image": (("y", "x", "band"), picture())},
        coords={"y": np.arange(160.0), "x": np.arange(200.0), "band": ["r", "g", "b"]},
        attrs={"crs": "EPSG:32633"},
    )


@pytest.mark.parametrize("zarr_format", [2, 3])
def test_xarray_writes_and_reads_with_coordinates_and_attributes(tmp_path, scene, zarr_format):
    encoding = {"image": {"chunks": (64, 64, 3), **_coding(zarr_format)}}
    scene.to_zarr(tmp_path / "a", encoding=encoding, zarr_format=zarr_format)
    with xarray.open_zarr(tmp_path / "a") as opened:
        assert opened.attrs["crs"] == "EPSG:32633"
        part = opened.image.sel(x=slice(64, 127), y=slice(0, 63), band="g")
        np.testing.assert_array_equal(part, decoded_chunk(0, 64)[..., 1])
        assert near(opened.image, picture())


def test_dask_writes_and_reads_in_parallel(tmp_path):
    given = {"shape": (160, 200, 3), "chunks": (64, 64, 3), "dtype": "uint8"}
    store = zarr.create_array(tmp_path / "a", **given, **_coding(3))
    dask_array.store(dask_array.from_array(picture(), chunks=(64, 64, 3)), store, lock=False)
    lazy = dask_array.from_zarr(tmp_path / "a")
    assert lazy.chunksize == (64, 64, 3)
    np.testing.assert_array_equal(lazy[:64, :64].compute(), decoded_chunk(0, 0))
    assert abs(float(lazy.mean().compute()) - picture().mean()) < 1

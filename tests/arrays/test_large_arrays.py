"""Four chunks of an array far beyond one picture's limit, in bounded memory."""

import subprocess
import sys

import numpy as np
import pytest
from skimage import data

from tests import needs
from tests.arrays.pictures import MODEL, near

zarr = pytest.importorskip("zarr", minversion="3", reason=needs.ZARR)

from tfcomp.arrays import ZarrCodec  # noqa: E402

LIMIT = 400 * 2**20  # 260 were measured, of which half are NumPy, Zarr and LiteRT themselves

PROGRAM = """
import sys
import numpy as np, zarr, tfcomp.arrays.zarr_codec
array = zarr.open_array(sys.argv[1], mode="r")
assert array.shape == (20000, 20000, 3)
part = array[9216:11264, 9216:11264]
np.save(sys.argv[2], part[::8, ::8])
# Not getrusage, which begins with what the parent process had.
(peak,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM:")]
print(int(peak.split()[1]) * 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc/self/status")
def test_four_chunks_of_a_huge_array_are_read_in_400_mebibytes(tmp_path):
    array = zarr.create_array(
        tmp_path / "a", shape=(20000, 20000, 3), chunks=(1024, 1024, 3), dtype="uint8",
        serializer=ZarrCodec(MODEL, quality=4), compressors=None,
    )  # fmt: skip
    pixels = np.tile(data.astronaut(), (4, 4, 1))
    array[9216:11264, 9216:11264] = pixels
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "a"), str(tmp_path / "part.npy")],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert near(np.load(tmp_path / "part.npy"), pixels[::8, ::8])
    assert int(done.stdout) < LIMIT

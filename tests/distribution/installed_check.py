"""Run by a Python that has tfcomp installed: compresses a picture, prints what it saw as JSON.

Knows nothing of the checkout, and needs nothing that `pip install tfcomp` does not bring.
"""

import json
import subprocess
import sys

IMPORTS = 5

# Of the processor, so that what else runs on the machine counts for nothing.
_TIMED = """
import time
start = time.process_time()
import {module}
print(time.process_time() - start)
"""


def import_seconds(module):
    """The best of IMPORTS fresh processes."""
    program = _TIMED.format(module=module)
    return min(
        float(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                             check=True).stdout)
        for _ in range(IMPORTS)
    )


def main():
    import numpy as np

    import tfcomp
    from tfcomp.bitstream import range_coder

    rows, columns = np.mgrid[0:96, 0:128]
    image = np.stack([rows * 2, columns, 128 + 60 * np.sin(rows / 9 + columns / 7)], -1)
    image = image.clip(0, 255).astype(np.uint8)
    codec = tfcomp.load(tfcomp.list_models()[0])
    data = codec.compress(image, quality=4)
    decoded = tfcomp.decompress(data)
    error = np.mean((decoded.astype(float) - image) ** 2)
    assert decoded.shape == image.shape and "tensorflow" not in sys.modules
    command = subprocess.run(
        [sys.executable, "-m", "tfcomp", "models"], capture_output=True, text=True, check=True
    )
    assert "cycle" in command.stdout
    print(
        json.dumps(
            {
                "python": sys.version.split()[0],
                "tfcomp": tfcomp.__file__,
                "backend": range_coder.BACKEND,
                "import_seconds": import_seconds("tfcomp.runtime"),
                "codec_import_seconds": import_seconds("tfcomp.runtime.codec"),
                "bytes": len(data),
                "psnr": 10 * float(np.log10(255**2 / error)),
            }
        )
    )


if __name__ == "__main__":
    main()

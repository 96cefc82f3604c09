"""Run by a Python with tfcomp and some LiteRT installed: what it makes of files and bundles.

    python litert_check.py GOLDEN [BUNDLE ...]      GOLDEN: spec/golden; BUNDLE: exported folders

Prints JSON. Needs nothing that `pip install tfcomp` does not bring.
"""

import hashlib
import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
from PIL import Image

import tfcomp


def golden_file(path, golden):
    """Whether a golden file decodes to "equal" pixels, to "one" level, or what else happens."""
    try:
        decoded = tfcomp.decompress(path.read_bytes())
    except Exception as error:  # whatever an old LiteRT may raise is an answer
        return f"{type(error).__name__}: {error}"
    if hashlib.sha256(decoded.tobytes()).hexdigest() == golden["pixels_sha256"]:
        return "equal"
    with Image.open(path.with_suffix(".png")) as image:
        recorded = np.asarray(image)
    most = np.abs(decoded.astype(int) - recorded).max()
    return "one" if most <= 1 else f"differs by {most}"


def bundle(folder):
    """Hashes of the file that a bundle makes of a picture, and of the pixels it decodes to."""
    rows, columns = np.mgrid[0:64, 0:96]
    image = np.stack([rows * 3, columns * 2, 128 + 60 * np.sin(rows / 9 + columns / 7)], -1)
    try:
        codec = tfcomp.load(folder)
        data = codec.compress(image.clip(0, 255).astype(np.uint8))
        decoded = codec.decompress(data)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return [hashlib.sha256(part).hexdigest()[:16] for part in (data, decoded.tobytes())]


def main(golden, *bundles):
    files = {}
    for listed in sorted(Path(golden).glob("*/golden.json")):
        for entry in json.loads(listed.read_text())["files"]:
            path = listed.with_name(entry["file"])
            files[f"{listed.parent.name}/{path.name}"] = golden_file(path, entry)
    found = {
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "litert": version("ai-edge-litert"),
        "numpy": version("numpy"),
        "golden": files,
        "bundles": {str(folder): bundle(folder) for folder in bundles},
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])

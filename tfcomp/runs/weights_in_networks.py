"""Weights that a bundle's networks hold are not stored in it a second time.

Networks of float16 have most kernels as they are in training, some with their axes in another
order. Of such a kernel weights.npz only says where it lies.
"""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Mapping

import numpy as np

from tfcomp.errors import CodecError

_KEY = "in_networks"  # no variable is called so
_NETWORKS = ("encoder.tflite", "decoder.tflite", "entropy.tflite")
_FEWEST_BYTES = 512  # a place takes about a hundred


def leave_out(arrays: Mapping[str, np.ndarray], folder: Path) -> dict[str, np.ndarray]:
    """The arrays without those whose bytes a network of the bundle has, and where these lie."""
    networks = {
        name: (folder / name).read_bytes() for name in _NETWORKS if (folder / name).is_file()
    }
    kept: dict[str, np.ndarray] = {}
    places = {}
    for name, array in arrays.items():
        place = _place(array, networks) if array.nbytes >= _FEWEST_BYTES else None
        if place is None:
            kept[name] = array
        else:
            places[name] = place
    if places:
        kept[_KEY] = np.frombuffer(json.dumps(places).encode(), np.uint8)
    return kept


def _place(array: np.ndarray, networks: Mapping[str, bytes]) -> dict[str, object] | None:
    for axes in itertools.permutations(range(array.ndim)):
        wanted = array.transpose(axes).tobytes()
        for file, content in networks.items():
            offset = content.find(wanted)
            if offset >= 0:
                shape = [array.shape[axis] for axis in axes]
                dtype = array.dtype.str
                return {"file": file, "offset": offset, "shape": shape, "axes": axes, "type": dtype}
    return None


def put_back(arrays: dict[str, np.ndarray], folder: Path) -> dict[str, np.ndarray]:
    """The arrays that `leave_out` was given.

    Raises:
      CodecError: the networks beside them are others.
    """
    if _KEY not in arrays:
        return arrays
    found = {name: array for name, array in arrays.items() if name != _KEY}
    try:
        for name, place in json.loads(arrays[_KEY].tobytes()).items():
            if place["file"] not in _NETWORKS:
                raise ValueError
            content = (folder / place["file"]).read_bytes()
            count = math.prod(place["shape"])
            stored = np.frombuffer(content, place["type"], count, place["offset"])
            axes = np.argsort(place["axes"])
            found[name] = stored.reshape(place["shape"]).transpose(axes)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CodecError(
            f"{folder} lacks weights that its networks should hold: take another copy of the bundle"
        ) from error
    return found

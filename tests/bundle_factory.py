"""A tiny but real bundle: a 4x4 blocks "transform" converted by TensorFlow, Laplace tables.

The encoder moves each 4x4 block into 48 channels and divides by a step size that depends on the
quality; the decoder undoes it. So a round trip is off by half a step at most, at any size.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest

from tests import needs

STRIDE = 4
CHANNELS = 3 * STRIDE * STRIDE
STEPS = (48.0, 12.0)  # quantisation step in grey levels at quality 1 and 2
MAX_ERROR = {1: 24, 2: 6}
_PRECISION = 16
_REACH = 12  # symbols -12 ... 12, and an escape


@pytest.fixture(scope="session")
def bundle_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the bundle "tiny"; what TFCOMP_BUNDLES should name is its parent."""
    return write_bundle(tmp_path_factory.mktemp("bundles") / "tiny")


@pytest.fixture
def installed(bundle_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The bundle folder, installed for this process and its children."""
    monkeypatch.setenv("TFCOMP_BUNDLES", str(bundle_folder.parent))
    return bundle_folder


@pytest.fixture(autouse=True)
def children_find_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets processes that a test starts import tfcomp and tests, wherever they run."""
    root = str(Path(__file__).parents[1])
    monkeypatch.setenv("PYTHONPATH", root, prepend=os.pathsep)


def write_bundle(folder: Path, name: str = "tiny", spread: float = 2.0, **manifest) -> Path:
    """Writes a bundle; another `spread` gives other tables, hence another fingerprint."""
    from tfcomp.bitstream.tables import CdfTables, save_tables

    folder.mkdir(parents=True)
    (folder / "encoder.tflite").write_bytes(_converted("encode"))
    (folder / "decoder.tflite").write_bytes(_converted("decode"))
    count = len(STEPS) * CHANNELS
    # No two neighbouring channels and no two qualities alike, so that a wrong table shows.
    spreads = [spread * (1 + 0.2 * (i % 3) + 0.5 * (i // CHANNELS)) for i in range(count)]
    tables = CdfTables(
        cdf=np.concatenate([_laplace_table(each) for each in spreads]),
        cdf_offset=np.full(count, -_REACH, np.int32),
        quantization_offset=np.zeros(count, np.float32),
    )
    save_tables(folder / "tables.npz", {"latents": tables})
    return write_manifest(folder, name=name, **manifest)


def write_manifest(folder: Path, **changes) -> Path:
    """Writes manifest.json for the files in the folder, with these fields changed."""
    content = (folder / "decoder.tflite").read_bytes() + (folder / "tables.npz").read_bytes()
    manifest = {
        "format_version": 1,
        "name": "tiny",
        "family": "blocks",
        "qualities": len(STEPS),
        "default_quality": 2,
        "stride": STRIDE,
        "channels": CHANNELS,
        "fixed_size": None,
        "max_pixels": 89_478_485,
        "entropy": {"kind": "factorized"},
        "quantization": "none",
        "fingerprint": hashlib.sha256(content).hexdigest(),
        "training": {},
        "rate_distortion": [{"quality": 1, "bpp": 1.0, "psnr": 25.0}],
        "licence": "MIT",
        "reach": 0,
    }
    (folder / "manifest.json").write_text(json.dumps({**manifest, **changes}))
    return folder


def photo(height: int, width: int, seed: int = 0) -> np.ndarray:
    """uint8 [height, width, 3]: smooth gradients with some texture."""
    rows = np.linspace(0, 3, height)[:, None, None]
    columns = np.linspace(0, 2, width)[None, :, None]
    waves = np.sin(rows + columns * np.array([1.0, 1.5, 2.0]) + seed)
    noise = np.random.default_rng(seed).normal(0, 6, (height, width, 3))
    return np.clip(128 + 90 * waves + noise, 0, 255).astype(np.uint8)


def _laplace_table(spread: float) -> np.ndarray:
    """[-precision, 0, ..., 2**precision]: a discretised Laplace with an escape at the end."""
    symbols = np.arange(-_REACH, _REACH + 1)
    mass = np.append(np.exp(-np.abs(symbols) / spread), 0.01)
    steps = 1 + np.floor(mass / mass.sum() * (2**_PRECISION - len(mass))).astype(np.int64)
    steps[_REACH] += 2**_PRECISION - steps.sum()
    return np.concatenate([[-_PRECISION, 0], np.cumsum(steps)]).astype(np.int32)


@functools.cache
def _converted(signature: str) -> bytes:
    tf = pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)

    class Blocks(tf.Module):
        @tf.function(
            input_signature=[
                tf.TensorSpec([1, None, None, 3], tf.uint8, name="image"),
                tf.TensorSpec([1], tf.int32, name="quality"),
            ]
        )
        def encode(self, image, quality):
            blocks = tf.nn.space_to_depth(tf.cast(image, tf.float32) - 128.0, STRIDE)
            step = tf.gather(tf.constant(STEPS), quality - 1)
            return {"latents": tf.cast(tf.round(blocks / step), tf.int32)}

        @tf.function(
            input_signature=[
                tf.TensorSpec([1, None, None, CHANNELS], tf.int32, name="latents"),
                tf.TensorSpec([1], tf.int32, name="quality"),
            ]
        )
        def decode(self, latents, quality):
            step = tf.gather(tf.constant(STEPS), quality - 1)
            image = tf.nn.depth_to_space(tf.cast(latents, tf.float32) * step, STRIDE) + 128.0
            return {"image": tf.cast(tf.clip_by_value(tf.round(image), 0.0, 255.0), tf.uint8)}

    blocks = Blocks()
    with tempfile.TemporaryDirectory() as folder:
        function = getattr(blocks, signature).get_concrete_function()
        tf.saved_model.save(blocks, folder, signatures={signature: function})
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=[signature])
        return converter.convert()

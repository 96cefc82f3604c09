"""One file, every reader: Keras with TFC, LiteRT, SavedModel."""

import io
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import tfcomp
from tests.conftest import ROOT


@pytest.fixture()
def coders(tiny_model, tiny_bundle):
    """name -> (compress(uint8 image, quality) -> bytes, decompress(bytes) -> uint8 image)."""
    runtime = tfcomp.load(tiny_bundle)
    served = tf.saved_model.load(str(tiny_bundle / "1"))
    fingerprint = bytes.fromhex(runtime.info["fingerprint"])
    tiny_model.use_bundle(tiny_model.tables, fingerprint)

    def png(image):
        buffer = io.BytesIO()
        Image.fromarray(image).save(buffer, "PNG")
        return buffer.getvalue()

    def served_compress(image, quality):
        result = served.signatures["compress"](
            image_bytes=tf.constant([png(image)]), quality=tf.constant([quality])
        )
        assert result["error"].numpy() == [b""]
        return result["compressed_bytes"].numpy()[0]

    def served_decompress(data):
        result = served.signatures["decompress"](compressed_bytes=tf.constant([data]))
        assert result["error"].numpy() == [b""]
        return np.asarray(Image.open(io.BytesIO(result["image_bytes"].numpy()[0])))

    return {
        "keras": (
            lambda image, quality: tiny_model.compress(image[None] / 255.0, quality)[0],
            lambda data: tiny_model.decompress([data])[0],
        ),
        "runtime": (
            lambda image, quality: runtime.compress(image, quality=quality),
            runtime.decompress,
        ),
        "savedmodel": (served_compress, served_decompress),
    }


@pytest.mark.parametrize("height, width", [(64, 96), (1, 1), (13, 40)])
@pytest.mark.parametrize("writer", ["keras", "runtime", "savedmodel"])
def test_a_file_decodes_to_the_same_pixels_everywhere(coders, photograph, writer, height, width):
    image = photograph[:height, :width]
    data = coders[writer][0](image, 3)
    decoded = {name: read(data).astype(int) for name, (_, read) in coders.items()}
    for name, pixels in decoded.items():
        assert pixels.shape == image.shape, name
        assert np.abs(pixels - decoded["runtime"]).max() <= 1, name
    assert np.mean(np.square(decoded["runtime"] - image)) < 700


def test_exports_load_where_tensorflow_compression_is_not_installed(tiny_bundle, tmp_path, coders):
    image = np.full((9, 11, 3), 120, np.uint8)
    (tmp_path / "x.tfcomp").write_bytes(coders["runtime"][0](image, 2))
    code = f"""
import sys
sys.modules["tensorflow_compression"] = None
import tensorflow as tf
data = open({str(tmp_path / "x.tfcomp")!r}, "rb").read()
served = tf.saved_model.load({str(tiny_bundle / "1")!r})
result = served.signatures["decompress"](compressed_bytes=tf.constant([data]))
assert result["error"].numpy()[0] == b"", result
sys.modules["tensorflow"] = None
import tfcomp
assert tfcomp.load({str(tiny_bundle)!r}).decompress(data).shape == (9, 11, 3)
"""
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr

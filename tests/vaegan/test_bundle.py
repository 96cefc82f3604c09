import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

import tfcomp
from tfcomp.bitstream import container
from tfcomp.errors import ImageError
from tfcomp.export import cli

_HEADER_AND_CHECKSUM = 13


def test_a_file_carries_no_size_and_decodes(vaegan_bundle, faces_32):
    codec = tfcomp.load(vaegan_bundle)
    data = codec.compress(faces_32[0])
    (section,) = container.parse(data, lambda _: codec.bundle).sections
    assert len(data) == _HEADER_AND_CHECKSUM + 1 + len(section)
    assert codec.decompress(data).shape == (32, 32, 3)


def test_a_wrong_size_is_one_clear_error(vaegan_bundle, vaegan_model):
    wrong = np.zeros((32, 40, 3), np.uint8)
    with pytest.raises(ImageError, match="32x32 pixels only, not 40x32"):
        tfcomp.load(vaegan_bundle).compress(wrong)
    with pytest.raises(ImageError, match="32x32 pixels only, not 40x32"):
        vaegan_model.compress(tf.zeros([1, 32, 40, 3]), 1)


def test_a_served_model_that_could_take_no_picture_is_not_exported(vaegan_run, tmp_path, capsys):
    out = tmp_path / "out"
    flags = ["--saved-model", "--run", str(vaegan_run), "--out", str(out), "--max-pixels"]
    assert cli.main([*flags, "1023"]) == 2
    assert "32x32" in capsys.readouterr().err and not out.exists()


@pytest.mark.parametrize("kind", ["fixed", "ladder"])
def test_both_worlds_write_the_same_files_and_decode_alike(kind, request, photograph_pieces):
    from tfcomp.export import bundle

    if kind == "fixed":
        config = request.getfixturevalue("vaegan_config")
        model = request.getfixturevalue("vaegan_model")
        folder = request.getfixturevalue("vaegan_bundle")
    else:
        config = request.getfixturevalue("ladder_config")
        model = request.getfixturevalue("ladder_model")
        folder = request.getfixturevalue("ladder_bundle")
    assert config.model.family == "vaegan" and bundle.BUNDLE_FORMAT_VERSION == 1
    codec = tfcomp.load(folder)
    model.use_bundle(model.tables, bytes.fromhex(codec.info["fingerprint"]))
    image = photograph_pieces[3]
    quality = codec.qualities
    (data,) = model.compress(tf.cast(image[None], tf.float32) / 255.0, quality)
    assert codec.compress(image, quality) == data
    (expected,) = model.decompress([data])
    difference = np.abs(codec.decompress(data).astype(int) - expected)
    assert difference.max() <= 1


def test_it_decodes_without_tensorflow(vaegan_bundle, faces_32, tmp_path):
    codec = tfcomp.load(vaegan_bundle)
    file = tmp_path / "face.tfcomp"
    file.write_bytes(codec.compress(faces_32[1]))
    script = (
        "import sys\n"
        "sys.modules['tensorflow'] = sys.modules['tensorflow_compression'] = None\n"
        "import tfcomp\n"
        "print(int(tfcomp.load(sys.argv[1]).decompress(sys.argv[2]).astype(int).sum()))\n"
    )
    command = [sys.executable, "-c", script, str(vaegan_bundle), str(file)]
    child = subprocess.run(command, capture_output=True, text=True, check=False)
    assert child.returncode == 0, child.stderr
    assert int(child.stdout) == int(codec.decompress(file).astype(int).sum())

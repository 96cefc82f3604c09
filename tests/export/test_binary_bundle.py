"""The binary codec in all its worlds: Keras, the bundle without TensorFlow, the SavedModel."""

import io
import json
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import tfcomp
from tests.damage import flipped_bits, truncations
from tfcomp.bitstream import range_coder, rows
from tfcomp.bitstream.container import parse
from tfcomp.errors import BitstreamError, CodecError
from tfcomp.networks.interpreter import Model, Network


@pytest.fixture(scope="module")
def codec(binary_bundle):
    return tfcomp.load(binary_bundle)


@pytest.fixture(scope="module")
def keras_model(binary_run, binary_bundle):
    """The Keras model, with the bundle's tables and fingerprint."""
    from tfcomp.runs import run_folder

    model, _ = run_folder.load_model(binary_run)
    fingerprint = json.loads((binary_bundle / "manifest.json").read_text())["fingerprint"]
    model.use_bundle(model.tables, bytes.fromhex(fingerprint))
    return model


@pytest.mark.parametrize("quality", [1, 2, 3])
def test_keras_and_the_runtime_write_the_same_bytes_and_read_each_others(
    keras_model, codec, photograph, quality
):
    (written,) = keras_model.compress(photograph[None] / np.float32(255), quality)
    assert codec.compress(photograph, quality=quality) == written
    (by_keras,) = keras_model.decompress([written])
    by_runtime = codec.decompress(written)
    assert np.abs(by_keras.astype(int) - by_runtime).max() <= 1


def test_a_lower_qualitys_bits_are_the_first_of_a_higher_ones(codec, photograph):
    network = Network(Model(codec.bundle.encoder, 1, "encoder"), "encode", "latents")
    codes = [
        network.run(image=photograph[None], quality=np.array([q], np.int32))[0] for q in (1, 2, 3)
    ]
    assert set(np.unique(codes[2])) == {0, 1}
    for code, sent in zip(codes, (4, 8, 16)):
        np.testing.assert_array_equal(code[..., :sent], codes[2][..., :sent])
        assert not code[..., sent:].any()


@pytest.mark.parametrize("height, width", [(1, 1), (1, 30), (5, 3), (32, 32), (33, 18)])
def test_any_size_comes_back(codec, height, width):
    image = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    assert codec.decompress(codec.compress(image)).shape == image.shape


def test_tiles_give_what_the_whole_picture_gives(codec, monkeypatch):
    from tfcomp.data.sample_source import sample_images
    from tfcomp.networks import tiles

    image = np.ascontiguousarray(sample_images("test")["chelsea"][:90, :110])
    whole = codec.compress(image, quality=3)
    decoded = codec.decompress(whole)
    monkeypatch.setattr(tiles, "TILE_PIXELS", 32)
    tiled = tfcomp.load(codec.bundle.source)
    assert tiled.compress(image, quality=3) == whole
    assert np.abs(tiled.decompress(whole).astype(int) - decoded).max() <= 1


def test_damaged_files_raise(codec, photograph):
    data = codec.compress(photograph[:8, :12])
    for damaged in truncations(data):
        with pytest.raises(BitstreamError):
            codec.decompress(damaged)
    for damaged in flipped_bits(data):
        with pytest.raises(CodecError):
            codec.decompress(damaged)


def test_whatever_a_hostile_section_holds_only_bits_come_out(codec, photograph):
    data = codec.compress(photograph[:8, :8])
    container = parse(data, lambda _: codec.bundle)
    tables = codec.bundle.tables["latents"]
    random = np.random.default_rng(0)
    count = codec.bundle.manifest.sections.streams(container.quality, 2)
    accepted = 0
    for _ in range(200):
        streams = [random.bytes(random.integers(0, 3)) for _ in range(count)]
        section = rows.pack_rows(streams)
        try:
            values = codec.entropy_coder.decode((section,), container.quality, 2, 2)
        except BitstreamError:
            continue
        accepted += 1
        assert set(np.unique(values)) <= {0, 1}
    assert accepted  # short streams are all sound
    with pytest.raises(ValueError):
        range_coder.encode(np.array([2], np.int32), np.array([0], np.int32), tables)


def test_the_saved_model_writes_and_reads_the_bundles_files(codec, binary_bundle, photograph):
    served = tf.saved_model.load(str(binary_bundle / "1"))
    png = io.BytesIO()
    Image.fromarray(photograph).save(png, "PNG")
    for quality in (1, 3):
        out = served.signatures["compress"](
            image_bytes=tf.constant([png.getvalue()]), quality=tf.constant([quality])
        )
        assert out["error"].numpy() == [b""]
        assert out["compressed_bytes"].numpy()[0] == codec.compress(photograph, quality=quality)
        back = served.signatures["decompress"](compressed_bytes=out["compressed_bytes"])
        assert back["error"].numpy() == [b""]
        image = np.asarray(Image.open(io.BytesIO(back["image_bytes"].numpy()[0])))
        ours = codec.decompress(out["compressed_bytes"].numpy()[0])
        assert np.abs(image.astype(int) - ours).max() <= 1


def test_the_saved_model_refuses_a_file_with_a_byte_too_many(codec, binary_bundle, photograph):
    served = tf.saved_model.load(str(binary_bundle / "1"))
    body = codec.compress(photograph[:8, :8])[:-4] + b"\1"
    damaged = body + zlib.crc32(body).to_bytes(4, "little")
    answer = served.signatures["decompress"](compressed_bytes=tf.constant([damaged]))
    assert answer["error"].numpy()[0] != b""


def test_info_and_models_know_the_family(binary_bundle, photograph, monkeypatch, capsys, tmp_path):
    from tfcomp.cli import main

    monkeypatch.setenv("TFCOMP_BUNDLES", str(binary_bundle.parent))
    data = tfcomp.load(binary_bundle).compress(photograph, quality=1)
    file = tmp_path / "x.tfcomp"
    file.write_bytes(data)
    assert main(["info", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["width"] == photograph.shape[1]
    assert main(["models", "--json"]) == 0
    assert "binary" in {record["family"] for record in json.loads(capsys.readouterr().out)}
    assert tfcomp.decompress(data).shape == photograph.shape

"""A SavedModel of a tiny hyperprior model, exported by the command, against the other readers."""

import io
import json
import subprocess
import sys
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import tfcomp
from tests.serving.pictures import as_file, picture
from tfcomp import config as config_module
from tfcomp.bitstream import container, range_coder, rate_distortion_quantizer
from tfcomp.entropy_kinds.hyperprior import sections as hyperprior_sections
from tfcomp.entropy_kinds.hyperprior.graph.networks import DeployedEntropy
from tfcomp.entropy_kinds.hyperprior.graph.sections import GraphHyperprior
from tfcomp.entropy_kinds.hyperprior.prior.eager_networks import EagerNetworks
from tfcomp.errors import CodecError
from tfcomp.export import cli, savedmodel
from tfcomp.runs import run_folder

QUALITIES = 2
CONFIG = {
    "model": {
        "widths": (4, 8, 12, 16),
        "residual_blocks": (0, 0, 0, 0),
        "qualities": QUALITIES,
        "default_quality": 1,
        "prior": "hyperprior",
        "hyperprior": {
            "groups": (2, 4, 10),
            "checkerboard": 2,
            "quincunx": 1,
            "rows_per_stream": (2, 1),
            "hyper_channels": 4,
            "features": 8,
            "hidden": 8,
        },
    }
}


@pytest.fixture(scope="module")
def model():
    """Untrained, with weights so large that means, scales, latents and hyper-latents vary."""
    tf.random.set_seed(1)
    rng = np.random.default_rng(1)
    model = run_folder.build_model(config_module.from_dict(CONFIG))
    model.log_gain.assign_add(tf.fill(model.log_gain.shape, 1.5))
    gain = model.prior.hyper_log_gain
    gain.assign_add(tf.fill(gain.shape, 3.0))
    for layers in model.prior.pass_layers:
        for name in ("mean", "scale"):
            kernel = layers[name].kernel
            kernel.assign(rng.normal(size=kernel.shape, scale=0.4))
        bias = layers["scale"].bias
        bias.assign(rng.normal(size=bias.shape, loc=0.5))
    return model


@pytest.fixture(scope="module")
def bundle(model, tmp_path_factory):
    run = tmp_path_factory.mktemp("run")
    (run / "config.yaml").write_text(config_module.dump(config_module.from_dict(CONFIG)))
    run_folder.save_weights(model, run)
    folder = tmp_path_factory.mktemp("exports") / "hyperprior"
    flags = ["--tflite", "--saved-model", "--run", str(run), "--out", str(folder)]
    assert cli.main(flags) == 0
    return folder


@pytest.fixture(scope="module")
def codec(bundle, model):
    codec = tfcomp.load(bundle)
    model.use_bundle(model.tables, bytes.fromhex(codec.info["fingerprint"]))
    return codec


@pytest.fixture(scope="module")
def signatures(bundle):
    return tf.saved_model.load(str(bundle / "1")).signatures


def pixels(content):
    return np.asarray(Image.open(io.BytesIO(content))).astype(int)


def compress(signatures, images, qualities):
    """Lists of files and of errors."""
    result = signatures["compress"](
        image_bytes=tf.constant([as_file(image) for image in images]),
        quality=tf.constant(qualities, tf.int32),
    )
    return result["compressed_bytes"].numpy().tolist(), result["error"].numpy().tolist()


def decompress(signatures, files):
    result = signatures["decompress"](compressed_bytes=tf.constant(files, tf.string))
    return result["image_bytes"].numpy().tolist(), result["error"].numpy().tolist()


def with_crc(body):
    return bytes(body) + zlib.crc32(body).to_bytes(4, "little")


# 1041 rows are 66 rows of latents and 33 of hyper-latents: two streams of these.
SIZES = [(1, 1), (17, 33), (40, 16), (64, 96), (1041, 3)]


@pytest.mark.parametrize("height, width", SIZES)
@pytest.mark.parametrize("quality", [1, 2])
def test_files_are_those_of_the_runtime_and_of_keras_and_all_read_all(
    signatures, codec, model, height, width, quality
):
    image = picture(height, width)
    by_runtime = codec.compress(image, quality=quality)
    (file,), errors = compress(signatures, [image], [quality])
    assert errors == [b""]
    assert file == by_runtime
    assert file == model.compress(image[None] / 255.0, quality)[0]
    (content,), errors = decompress(signatures, [by_runtime])
    assert errors == [b""]
    expected = codec.decompress(file).astype(int)
    assert pixels(content).shape == image.shape
    assert np.abs(pixels(content) - expected).max() <= 1
    assert np.abs(model.decompress([file])[0] - expected).max() <= 1


def test_the_tiny_model_leaves_nothing_of_the_format_out(codec, model, monkeypatch):
    seen = []
    original = hyperprior_sections._parameters

    def watched(*arguments):
        found = original(*arguments)
        seen.append([part.copy() for part in found])  # which the sections then write over
        return found

    monkeypatch.setattr(hyperprior_sections, "_parameters", watched)
    image = picture(64, 96)
    data = codec.compress(image, quality=2)
    means, scales = (np.concatenate([part.ravel() for part in s]) for s in zip(*seen))
    assert means.min() < -8 and means.max() > 8
    assert scales.min() == 0 and len(np.unique(scales)) > 20
    assert 0.2 < np.mean(scales > 0) < 0.6
    assert np.std(codec.decompress(data)) > 1


def test_a_batch_may_mix_sizes_and_qualities(signatures, codec):
    images = [picture(*size) for size in SIZES[:4]]
    qualities = [2, 0, 1, 2]
    files, errors = compress(signatures, images, qualities)
    assert errors == [b""] * 4
    assert files == [
        codec.compress(image, quality=quality or 1) for image, quality in zip(images, qualities)
    ]
    contents, errors = decompress(signatures, files)
    assert errors == [b""] * 4
    for content, file in zip(contents, files):
        assert np.abs(pixels(content) - codec.decompress(file)).max() <= 1


def test_every_truncation_is_an_error_for_its_item_only(signatures, codec):
    data = codec.compress(picture(17, 33), quality=2)
    files = [data, *(data[:length] for length in range(len(data))), data]
    # A right CRC lets the cut through to the checks behind it.
    files[-1:-1] = [with_crc(data[:length]) for length in range(9, len(data) - 4)]
    contents, errors = decompress(signatures, files)
    assert errors[0] == errors[-1] == b""
    assert all(errors[1:-1]) and not any(contents[1:-1])
    assert contents[0] == contents[-1] != b""


def test_flipped_bits_behind_a_right_crc_get_the_verdict_of_the_runtime(signatures, codec):
    rng = np.random.default_rng(3)
    data = codec.compress(picture(40, 48), quality=2)
    files = []
    for _ in range(200):
        body = bytearray(data[:-4])
        body[rng.integers(4, len(body))] ^= 1 << rng.integers(8)
        files.append(with_crc(body))
    files[::20] = [data] * 10
    contents, errors = decompress(signatures, files)
    verdicts = []
    for number, (file, content, error) in enumerate(zip(files, contents, errors)):
        try:
            expected = codec.decompress(file)
        except CodecError:
            assert error.startswith(f"item {number}: ".encode()) and not content
        else:
            assert not error
            assert np.abs(pixels(content) - expected).max() <= 1
        verdicts.append(not error)
    assert all(verdicts[::20])
    assert sum(verdicts) < 120


LIMIT = hyperprior_sections.MAX_VALUE


def file_with(model, hyper_latent, latent):
    """A file of 16x16 pixels; all its latents and all its hyper-latents are these."""

    class Networks(EagerNetworks):
        def hyper_analysis(self, latents, quality):
            return np.full((1, 1, 4), hyper_latent, np.int32)

    sections = hyperprior_sections.encode(
        np.full((1, 1, 16), latent, np.float32),
        2,
        Networks(model.prior),
        model.tables,
        model.prior.layout,
        range_coder,
    )
    return container.pack(container.Container(model.fingerprint, 2, 16, 16, sections))


def test_values_that_no_encoder_writes_are_an_error(signatures, codec, model, monkeypatch):
    large = [file_with(model, z, 0) for z in (LIMIT, -LIMIT)]
    large += [file_with(model, 0, y) for y in (2.0 * LIMIT, -2.0 * LIMIT)]
    contents, errors = decompress(signatures, large)
    assert errors == [b""] * 4
    for content, file in zip(contents, large):
        assert np.abs(pixels(content) - codec.decompress(file)).max() <= 1

    monkeypatch.setattr(rate_distortion_quantizer, "MAX_VALUE", 4 * LIMIT)
    too_large = [file_with(model, z, 0) for z in (LIMIT + 1, -LIMIT - 1)]
    too_large += [file_with(model, 0, y) for y in (2.0 * LIMIT, -2.0 * LIMIT)]
    monkeypatch.undo()
    _, errors = decompress(signatures, too_large)
    assert all(b"coded values are damaged" in error for error in errors)
    for file in too_large:
        with pytest.raises(CodecError):
            codec.decompress(file)


@pytest.mark.parametrize("absurd", [np.nan, np.inf, -np.inf, 1e30])
def test_absurd_latents_are_told_from_others(model, absurd):
    entropy = GraphHyperprior(
        model.tables, model.prior.layout, DeployedEntropy(model.prior), QUALITIES
    )
    latents = np.random.default_rng(0).normal(size=(1, 3, 5, 16)).astype(np.float32)
    assert bool(entropy.encode(tf.constant(latents), tf.constant(1))[1])
    latents[0, 1, 2, 3] = absurd
    assert not bool(entropy.encode(tf.constant(latents), tf.constant(1))[1])


def test_tables_or_streams_that_do_not_fit_the_qualities_are_refused(model):
    networks = DeployedEntropy(model.prior)
    with pytest.raises(ValueError, match="do not fit 3 qualities"):
        GraphHyperprior(model.tables, model.prior.layout, networks, 3)


def test_it_holds_stock_ops_and_runs_where_only_tensorflow_is_installed(
    bundle, codec, tmp_path
):
    data = codec.compress(picture(17, 33), quality=2)
    (tmp_path / "x.tfcomp").write_bytes(data)
    (tmp_path / "ops.json").write_text(json.dumps(sorted(savedmodel.op_names(bundle / "1"))))
    code = """
import json, pathlib, sys
sys.modules["tensorflow_compression"] = sys.modules["tfcomp"] = None
import tensorflow as tf
from tensorflow.python.framework import op_def_registry
folder = pathlib.Path(sys.argv[2])
ops = json.loads((folder / "ops.json").read_text())
bad = [op for op in ops if op_def_registry.get(op) is None or "PyFunc" in op]
assert len(ops) > 50 and not bad, bad
signatures = tf.saved_model.load(sys.argv[1]).signatures
data = (folder / "x.tfcomp").read_bytes()
result = signatures["decompress"](compressed_bytes=tf.constant([data]))
assert result["error"].numpy()[0] == b"", result
(folder / "decoded.png").write_bytes(result["image_bytes"].numpy()[0])
"""
    command = [sys.executable, "-c", code, str(bundle / "1"), str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    decoded = pixels((tmp_path / "decoded.png").read_bytes())
    assert np.abs(decoded - codec.decompress(data)).max() <= 1

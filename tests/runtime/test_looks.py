"""One file, several decoders: a bundle may have more looks than its own."""

import io

import numpy as np
import pytest
from PIL import Image

import tfcomp
import tfcomp.pillow
from tests.bundle_factory import CHANNELS, STEPS, STRIDE, photo, write_bundle
from tests.shipped import folder_of
from tfcomp.cli import main
from tfcomp.errors import BundleError, ConfigError, OutputError
from tfcomp.export.looks import add_look
from tfcomp.runtime import installing
from tfcomp.runtime.bundle import read_manifest


@pytest.fixture(scope="module")
def darker():
    """A decoder that shows half of what the tiny bundle's own does."""
    tf = pytest.importorskip("tensorflow")
    from tfcomp.export import tflite

    class Darker(tf.Module):
        @tf.function(
            input_signature=[
                tf.TensorSpec([1, None, None, CHANNELS], tf.int32, name="latents"),
                tf.TensorSpec([1], tf.int32, name="quality"),
            ]
        )
        def decode(self, latents, quality):
            step = tf.gather(tf.constant(STEPS), quality - 1)
            image = tf.nn.depth_to_space(tf.cast(latents, tf.float32) * step, STRIDE) + 128.0
            image = tf.clip_by_value(tf.round(image), 0.0, 255.0)
            return {"image": tf.cast(tf.floor(image / 2.0), tf.uint8)}

    return tflite.convert(Darker(), "decode")


@pytest.fixture(scope="module")
def bundle(darker, tmp_path_factory):
    folder = write_bundle(tmp_path_factory.mktemp("looks") / "tiny")
    add_look(folder, "darker", darker, 0, licence="MIT")
    return folder


@pytest.fixture
def installed(bundle):
    yield installing.install(bundle, force=True)
    installing.remove("tiny")


def test_a_look_shows_the_same_file_in_another_way(bundle):
    codec = tfcomp.load(bundle)
    data = codec.compress(photo(40, 56))
    faithful, darker = codec.decompress(data), codec.decompress(data, look="darker")
    np.testing.assert_array_equal(darker, faithful // 2)
    np.testing.assert_array_equal(codec.decompress(data, look="faithful"), faithful)
    np.testing.assert_array_equal(codec.decompress(data), faithful)


def test_parts_frames_and_grey_have_looks_too(bundle):
    codec = tfcomp.load(bundle)
    data = codec.compress(photo(70, 90), tiles=64)
    whole = codec.decompress(data, look="darker")
    part = codec.decompress(data, look="darker", region=(10, 20, 50, 30))
    np.testing.assert_array_equal(part, whole[20:50, 10:60])
    clip = codec.compress_frames([photo(40, 56, seed=seed) for seed in range(2)])
    bright, dark = codec.read_frames(clip), codec.read_frames(clip, look="darker")
    np.testing.assert_array_equal(dark[1].pixels, bright[1].pixels // 2)


def test_a_files_model_knows_its_look_everywhere(installed, bundle, tmp_path, capsys):
    data = tfcomp.load("tiny").compress(photo(40, 56))
    (tmp_path / "a.tfcomp").write_bytes(data)
    expected = tfcomp.decompress(data) // 2
    np.testing.assert_array_equal(tfcomp.decompress(data, look="darker"), expected)
    names = [str(tmp_path / name) for name in ("a.tfcomp", "a.png")]
    assert main(["decompress", *names, "--look", "darker"]) == 0
    np.testing.assert_array_equal(np.asarray(Image.open(names[1])), expected)
    shown = tfcomp.pillow.open(io.BytesIO(data), look="darker")
    np.testing.assert_array_equal(np.asarray(shown), expected)
    capsys.readouterr()
    assert main(["info", names[0]]) == 0 and main(["models"]) == 0
    assert capsys.readouterr().out.count("faithful, darker") == 2


def test_a_look_that_is_not_there_is_one_line(bundle, tmp_path, capsys):
    codec = tfcomp.load(bundle)
    data = codec.compress(photo(40, 56))
    with pytest.raises(ConfigError, match="faithful, darker, not 'natural'"):
        codec.decompress(data, look="natural")
    (tmp_path / "a.tfcomp").write_bytes(data)
    flags = ["--model", str(bundle), "--look", "natural", "-o", str(tmp_path / "a.png")]
    assert main(["decompress", str(tmp_path / "a.tfcomp"), *flags]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "not 'natural'" in error
    assert not (tmp_path / "a.png").exists()


def test_a_look_changes_no_fingerprint_and_is_checked_like_every_file(bundle, darker, tmp_path):
    plain = write_bundle(tmp_path / "plain")
    assert read_manifest(plain).fingerprint == read_manifest(bundle).fingerprint
    add_look(plain, "darker", darker, 0)
    network = plain / "look_darker.tflite"
    network.write_bytes(network.read_bytes()[:-1] + b"x")
    with pytest.raises(BundleError, match="look_darker.tflite"):
        tfcomp.load(plain)
    network.unlink()
    with pytest.raises(BundleError, match="look_darker.tflite"):
        tfcomp.load(plain)


@pytest.mark.parametrize("name", ["faithful", "Two Words", "../up"])
def test_a_bundle_takes_no_look_of_another_kind_of_name(name, darker, tmp_path):
    folder = write_bundle(tmp_path / "tiny")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(OutputError, match="takes no look"):
        add_look(folder, name, darker, 0)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_no_shipped_model_says_that_it_has_a_look_that_it_lacks():
    for name in ("cycle", "binary"):
        assert not read_manifest(folder_of(name)).looks

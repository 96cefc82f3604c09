"""Training of what dependent frames need, on sequences made of photographs."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests import hyperprior_factory
from tfcomp import config as config_module
from tfcomp.config.run import FramesConfig
from tfcomp.errors import CodecError, ConfigError
from tfcomp.models.made_up_frames import frames_of

STILL = FramesConfig(still=1.0, patch=0.0, noise_probability=0.0, brightness_probability=0.0)
NUMBERS = tf.constant([5, 6], tf.int64)


@pytest.fixture(scope="module")
def crops():
    """float32 [2, 96, 96, 3]: two photographs' crops."""
    from tfcomp.data.sample_source import sample_images

    images = [image[:96, :96] for image in list(sample_images("train").values())[:2]]
    return tf.constant(np.stack(images), tf.float32) / 255.0


def made(crops, **changes):
    settings = dataclasses.replace(STILL, **changes)
    return frames_of(crops, settings, 16, 3, NUMBERS).numpy()


def test_frames_of_a_still_camera_without_noise_are_equal(crops):
    frames = made(crops)
    assert frames.shape == (3, 2, 64, 64, 3)
    np.testing.assert_array_equal(frames[0], frames[2])
    np.testing.assert_array_equal(frames[0], np.rint(crops[:, 10:74, 10:74] * 255) / 255)


def test_noise_is_new_in_each_frame_and_its_size_is_as_said(crops):
    frames = 255 * made(crops, noise_probability=1.0, noise=6.0)
    change = frames[1] - frames[0]
    assert 0.2 < change.std() < 6.0 * np.sqrt(2)
    assert abs(np.corrcoef(change.ravel(), (frames[2] - frames[1]).ravel())[0, 1] + 0.5) < 0.1


def test_a_moving_camera_shows_the_picture_from_further_on(crops):
    frames = made(crops, still=0.0, jitter=0.0, pan=4.0)
    moved = [number for number in range(2) if not np.array_equal(*frames[:2, number])]
    again = made(crops, still=0.0, jitter=0.0, pan=4.0)
    np.testing.assert_array_equal(frames, again)
    for number in moved:
        # The same step again: the third frame differs from the first by more than the second does.
        first, second, third = frames[:, number]
        assert np.abs(third - first).mean() > np.abs(second - first).mean()
    assert moved or np.array_equal(frames[0], frames[2])


def test_a_patch_moves_over_a_still_picture(crops):
    frames = made(crops, patch=1.0)
    changed = (frames[0] != frames[1]).any(-1).mean((1, 2))
    assert (changed > 0.01).all() and (changed < 0.7).all()


def test_settings_that_make_no_frames_are_refused():
    for wrong in ({"count": 1}, {"still": 1.5}, {"noise": -1.0}):
        with pytest.raises(ConfigError):
            FramesConfig(**wrong)


def test_only_what_dependent_frames_need_is_trained(tmp_path):
    from tfcomp.runs import run_folder
    from tfcomp.training import loop

    first = tmp_path / "first"
    first.mkdir()
    plain = hyperprior_factory.tiny_config()
    (first / "config.yaml").write_text(config_module.dump(plain))
    trained = hyperprior_factory.lively_model()
    run_folder.save_weights(trained, first)
    values = config_module.to_dict(hyperprior_factory.sequence_config(plain))
    values["training"].update(steps=2, start_from=str(first), sequence_only=True)
    values["data"].update(crop=64, frames={"count": 2, "pan": 2.0})
    config = config_module.from_dict(values)
    model = loop.train(config, tmp_path / "second")
    untrained = run_folder.build_model(config)
    for ours, theirs in zip(model.prior.pass_layers, trained.prior.pass_layers):
        for name in ours:
            np.testing.assert_array_equal(ours[name].kernel, theirs[name].kernel)
    for ours, theirs in zip(model.transform_variables, trained.transform_variables):
        np.testing.assert_array_equal(ours, theirs)
    gates = [m.prior.sequence.pass_layers[0]["gate"].bias.numpy() for m in (model, untrained)]
    assert not np.array_equal(*gates)
    for name, tables in trained.tables.items():
        np.testing.assert_array_equal(model.tables[name].cdf, tables.cdf)
    assert {"sequence_hyper_latents", "sequence_latents"} <= set(model.tables)
    again, _ = run_folder.load_model(tmp_path / "second")
    assert set(again.tables) == set(model.tables)


def test_training_them_needs_them_and_a_start(tmp_path, tiny_run):
    from tfcomp.training import loop

    values = config_module.to_dict(hyperprior_factory.tiny_config())
    values["training"].update(steps=1, start_from=str(tiny_run), sequence_only=True)
    with pytest.raises(CodecError, match="no such networks"):
        loop.train(config_module.from_dict(values), tmp_path / "a")
    values["model"]["hyperprior"].update(sequence=True, sequence_hidden=8)
    values["training"].update(start_from=None)
    with pytest.raises(CodecError, match="needs start_from"):
        loop.train(config_module.from_dict(values), tmp_path / "b")

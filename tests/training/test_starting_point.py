import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tests import hyperprior_factory, tiny_runs
from tfcomp import config as config_module
from tfcomp.errors import CodecError
from tfcomp.runs import run_folder
from tfcomp.training.starting_point import start_from


def test_blocks_that_are_new_leave_what_was_learnt_as_it_was(tmp_path, photograph):
    """More of them in either direction: pictures and latents begin where the run ended."""
    larger = hyperprior_factory.patch_config()
    smaller = dataclasses.replace(
        larger,
        model=dataclasses.replace(
            larger.model, encoder_blocks=(), decoder_blocks=(), residual_blocks=(1, 0)
        ),
    )
    trained = hyperprior_factory.lively_model(config=smaller)
    (tmp_path / "config.yaml").write_text(config_module.dump(smaller))
    run_folder.save_weights(trained, tmp_path)
    model = run_folder.build_model(larger)
    assert start_from(model, tmp_path, photograph[None])
    images = tf.cast(photograph[None], tf.float32) / 255.0
    quality = tf.constant([2])
    expected, found = (each(images, quality=quality) for each in (trained, model))
    for name, wanted, got in zip(("pictures", "bits", "latents"), expected, found):
        np.testing.assert_allclose(got, wanted, rtol=1e-4, atol=1e-4, err_msg=name)


@pytest.mark.parametrize(
    "changes", [{"qualities": 2, "default_quality": 1}, {"strides": (2, 2, 4)}]
)
def test_layers_of_one_shape_in_another_codec_are_no_start(tiny_config, tiny_run, changes):
    settings = dataclasses.replace(tiny_config.model, **changes)
    model = run_folder.build_model(dataclasses.replace(tiny_config, model=settings))
    with pytest.raises(CodecError, match="keep strides and qualities"):
        start_from(model, tiny_run, np.zeros((2, 64, 64, 3), np.uint8))


def test_a_run_of_another_family_is_no_start(tiny_run):
    model = run_folder.build_model(tiny_runs.load_config("vaegan"))
    with pytest.raises(CodecError, match="'cycle' run, not one of 'vaegan'"):
        start_from(model, tiny_run, np.zeros((2, 64, 64, 3), np.uint8))


def test_a_binary_run_that_should_start_from_another_says_that_it_cannot(tmp_path):
    config = tiny_runs.load_config("binary")
    model = run_folder.build_model(config)
    (tmp_path / "config.yaml").write_text(config_module.dump(config))
    run_folder.save_weights(model, tmp_path)
    with pytest.raises(CodecError, match="leave out start_from"):
        start_from(model, tmp_path, np.zeros((2, 64, 64, 3), np.uint8))

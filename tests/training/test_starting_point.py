import dataclasses

import numpy as np
import tensorflow as tf

from tests import hyperprior_factory
from tfcomp import config as config_module
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

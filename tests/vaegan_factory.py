"""A tiny vaegan of a fixed size, trained once, and a ladder of channels that needs no training."""

import dataclasses

import numpy as np
import pytest

from tests import tiny_runs

vaegan_config, vaegan_run, vaegan_model, vaegan_bundle = tiny_runs.fixtures(
    "vaegan", "vaegan", "tiny-faces", "--tflite"
)


@pytest.fixture(scope="session")
def faces_32(photograph_pieces):
    """uint8 [6, 32, 32, 3], pieces of a photograph in the place of faces."""
    return photograph_pieces[:6]


@pytest.fixture(scope="session")
def photograph_pieces():
    """uint8 [32, 32, 32, 3], none of it seen in any training here."""
    from tfcomp.data.sample_source import sample_images

    image = sample_images("test")["chelsea"]
    corners = [(top, left) for top in range(0, 256, 64) for left in range(0, 416, 52)]
    return np.stack([image[top : top + 32, left : left + 32] for top, left in corners])


@pytest.fixture(scope="session")
def ladder_config(vaegan_config):
    """Two steps of channels, 2 and 14, at stride 2, which start as block principal components."""
    from tfcomp.entropy_kinds.hyperprior.config import HyperpriorConfig

    shape = HyperpriorConfig(
        groups=(2, 12),
        checkerboard=1,
        rows_per_stream=(2, 2),
        hyper_channels=4,
        features=8,
        hidden=8,
    )
    model = dataclasses.replace(
        vaegan_config.model,
        widths=(8,),
        residual_blocks=(1,),
        fold=1,
        num_channels=14,
        ladder=(2, 14),
        linear_skip=True,
        image_size=None,
        target_bpp=(1.0, 6.0),
        start_lambda=(0.02, 4.0),
        prior="hyperprior",
        hyperprior=shape,
    )
    return dataclasses.replace(vaegan_config, model=model)


@pytest.fixture(scope="session")
def ladder_model(ladder_config, photograph_pieces):
    from tensorflow import keras

    from tfcomp.families.vaegan.model import VaeganModel

    keras.utils.set_random_seed(1)
    model = VaeganModel(ladder_config.model, ladder_config.loss).build_codec()
    model.initialize(photograph_pieces)
    return model


@pytest.fixture(scope="session")
def ladder_bundle(tmp_path_factory, ladder_model, ladder_config):
    from tfcomp.export import bundle

    folder = tmp_path_factory.mktemp("vaegan-ladder") / "tiny-channels"
    bundle.write_bundle(
        ladder_model, ladder_config, folder, "tiny-channels", training={"channels": [2, 14]}
    )
    return folder

"""Tiny models of other pictures than 8-bit RGB, really trained once."""

import dataclasses

import numpy as np
import pytest

from tests import tiny_runs
from tests.channels import pictures


def tiny(source, image, **model):
    """The tiny cycle config on a source of other pictures."""
    from tfcomp.image_spec import ImageSpec

    config = tiny_runs.load_config("cycle")
    return dataclasses.replace(
        config,
        model=dataclasses.replace(config.model, image=ImageSpec(**image), **model),
        data=dataclasses.replace(config.data, source=f"folder:{source}"),
        training=dataclasses.replace(config.training, steps=8, picture_every=4),
    )


@pytest.fixture(scope="session")
def five_folder(tmp_path_factory):
    """.npy files of five channels of 12 bits."""
    folder = tmp_path_factory.mktemp("five")
    for seed in range(3):
        np.save(folder / f"{seed}.npy", pictures.whole(seed, 5, 12))
    return folder


@pytest.fixture(scope="session")
def five_run(five_folder, tmp_path_factory):
    """A model of five channels of 12 bits, with a diffusion step."""
    config = tiny(five_folder, {"channels": 5, "bits": 12}, diffusion=True)
    return tiny_runs.train(config, tmp_path_factory, "five")


@pytest.fixture(scope="session")
def five_bundle(five_run, tmp_path_factory):
    return tiny_runs.export(five_run, tmp_path_factory, "--tflite")


@pytest.fixture(scope="session")
def deep_run(tmp_path_factory):
    """A model of one channel of 16 bits."""
    folder = tmp_path_factory.mktemp("deep")
    np.save(folder / "stack.npy", np.stack([pictures.whole(s, 1, 16)[..., 0] for s in range(3)]))
    return tiny_runs.train(tiny(folder, {"channels": 1, "bits": 16}), tmp_path_factory, "deep")


@pytest.fixture(scope="session")
def deep_bundle(deep_run, tmp_path_factory):
    return tiny_runs.export(deep_run, tmp_path_factory, "--tflite")


@pytest.fixture(scope="session")
def float_bundle(tmp_path_factory):
    """A model of two channels of float32 from -2 to 6."""
    folder = tmp_path_factory.mktemp("float")
    for seed in range(3):
        values = pictures.made(seed, 2, 8.0) - 2.0
        np.save(folder / f"{seed}.npy", values.astype(np.float32))
    config = tiny(folder, {"channels": 2, "range": (-2.0, 6.0)})
    run = tiny_runs.train(config, tmp_path_factory, "float")
    return tiny_runs.export(run, tmp_path_factory, "--tflite")


@pytest.fixture(scope="session")
def grey_bundle(tmp_path_factory):
    """A model of 8-bit grey, trained on the grey of the sample photographs."""
    config = tiny("", {"channels": 1})
    config = dataclasses.replace(config, data=dataclasses.replace(config.data, source="sample"))
    return tiny_runs.export(
        tiny_runs.train(config, tmp_path_factory, "grey"), tmp_path_factory, "--tflite"
    )

"""Training on other pictures: what a quality means, what a start takes over, what is refused."""

import dataclasses

import numpy as np
import pytest

from tests import needs

pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)

import tensorflow as tf

from tests import tiny_runs
from tests.channels import pictures
from tests.channels.conftest import tiny
from tfcomp.data.pipeline import training_batches
from tfcomp.data.sources import open_source
from tfcomp.errors import CodecError, ConfigError
from tfcomp.families.cycle.other_channels import false_colours
from tfcomp.image_spec import ImageSpec
from tfcomp.runs.run_folder import build_model
from tfcomp.training import loop
from tfcomp.training.starting_point import start_from


def batch(folder, spec, **settings):
    source = open_source(f"folder:{folder}", image=spec)
    settings = {"crop": 32, "batch_size": 8, "seed": 3, **settings}
    return next(iter(training_batches(source, **settings))).numpy()


def test_a_quality_has_the_same_steps_and_psnr_at_any_depth_and_channels(five_folder):
    specs = ({"channels": 3}, {"channels": 5, "bits": 16})
    three, five = (build_model(tiny(five_folder, spec)) for spec in specs)
    # 6 C / (lambda ln 2) is the square of the best step.
    assert np.allclose(five.lambdas / three.lambdas, 5 / 3)
    assert np.allclose(five.log_gain.numpy(), three.log_gain.numpy())
    flat = np.full([1, 8, 8, 5], 30000, np.uint16)
    error = five.distortion(five.in_units(flat), five.in_units(flat + 257))
    assert error.numpy() == pytest.approx([1.0], rel=1e-4)  # a 255th of the range


def test_crops_are_samples_as_they_are_stored(five_folder):
    spec = ImageSpec(channels=5, bits=12)
    crops = batch(five_folder, spec, downscale=None, flip=False)
    assert crops.shape == (8, 32, 32, 5) and crops.dtype == np.uint16
    images = [np.load(path) for path in sorted(five_folder.glob("*.npy"))]
    views = np.concatenate(
        [
            np.lib.stride_tricks.sliding_window_view(each, (32, 32), (0, 1)).reshape(-1, 5, 32, 32)
            for each in images
        ]
    )
    wanted = np.moveaxis(crops[0], -1, 0)
    assert (views == wanted).all((1, 2, 3)).any()


def test_shrunk_crops_with_grain_keep_to_the_range(five_folder):
    spec = ImageSpec(channels=5, bits=12)
    crops = batch(five_folder, spec, grain=8.0, detail_probability=0.5)
    assert crops.max() <= 4095 and len(np.unique(crops)) > 256


def test_grey_is_made_of_photographs_where_a_recipe_asks_for_it():
    colours = open_source("sample")
    grey = open_source("sample", image=ImageSpec(channels=1))
    from PIL import Image

    first, its_grey = next(iter(colours.images())).numpy(), next(iter(grey.images())).numpy()
    assert np.array_equal(its_grey[..., 0], np.asarray(Image.fromarray(first).convert("L")))


def test_photographs_in_a_folder_are_made_grey_and_arrays_of_grey_stay_as_they_are(tmp_path):
    from PIL import Image

    from tests import bundle_factory

    (tmp_path / "colours").mkdir()
    image = Image.fromarray(bundle_factory.photo(48, 64))
    image.save(tmp_path / "colours" / "a.png")
    source = open_source(f"folder:{tmp_path / 'colours'}", image=ImageSpec(channels=1))
    assert np.array_equal(source.read(0)[..., 0], np.asarray(image.convert("L")))
    np.save(tmp_path / "stack.npy", pictures.whole(1, 1, 8)[None, ..., 0].repeat(4, 0))
    source = open_source(f"folder:{tmp_path / 'stack.npy'}", image=ImageSpec(channels=1))
    assert source.count == 4 and source.read(0).shape == (64, 96, 1)


def test_large_arrays_are_read_in_windows(tmp_path):
    np.save(tmp_path / "large.npy", np.zeros([1500, 40, 2], np.uint16))
    source = open_source(f"folder:{tmp_path}", image=ImageSpec(2, 16))
    assert [image.shape for image in source.images()] == [(750, 40, 2)] * 2


def test_pictures_of_mixed_kinds_are_refused_by_name(five_folder, tmp_path):
    np.save(tmp_path / "a.npy", pictures.whole(1, 5, 12))
    np.save(tmp_path / "b.npy", pictures.whole(1, 4, 12))
    with pytest.raises(ConfigError, match=r"b.npy: an array of shape \[64, 96, 4\]"):
        open_source(f"folder:{tmp_path}", image=ImageSpec(5, 12))
    with pytest.raises(ConfigError, match="sample has 8-bit RGB, and the model's image is 5"):
        open_source("sample", image=ImageSpec(5, 12))


def test_a_channel_that_never_changes_is_refused_before_training(tmp_path):
    image = pictures.whole(1, 5, 12)
    image[..., 3] = 7
    np.save(tmp_path / "a.npy", image)
    with pytest.raises(CodecError, match="channel 4 of 5 is 7 in all of the first"):
        loop.train(tiny(tmp_path, {"channels": 5, "bits": 12}), tmp_path / "run")


def test_values_beyond_the_bits_stop_a_training_by_the_files_name(tmp_path):
    np.save(tmp_path / "deep.npy", pictures.whole(1, 5, 16))
    with pytest.raises(CodecError, match="deep.npy: the array holds values from") as caught:
        loop.train(tiny(tmp_path, {"channels": 5, "bits": 12}), tmp_path / "run")
    assert "\n" not in str(caught.value) and not (tmp_path / "run").exists()


def test_a_16_bit_picture_in_an_8_bit_training_is_told_of_once(tmp_path, caplog):
    from PIL import Image

    for name in "ab":
        Image.fromarray(pictures.whole(1, 1, 16)[..., 0]).save(tmp_path / f"{name}.png")
    list(open_source(f"folder:{tmp_path}").images())
    assert caplog.text.count("more than 8 bits a sample, which are reduced to 8") == 1


def test_a_start_from_rgb_takes_all_but_the_kernel_on_pixels(tiny_run, five_folder):
    model = build_model(tiny(five_folder, {"channels": 5, "bits": 12}))
    trained = tiny_runs.load_model(tiny_run)
    crops = batch(five_folder, model.image, batch_size=16)
    assert start_from(model, tiny_run, crops)
    for stage, their_stage in zip(model.levels, trained.levels):
        for layer, theirs in zip(stage, their_stage):
            if layer.name != "down_0":
                for one, other in zip(layer.variables, theirs.variables):
                    assert np.array_equal(one.numpy(), other.numpy()), one.name
    assert np.allclose(model.log_gain.numpy(), trained.log_gain.numpy())
    # Nothing stands at a saddle: channels that are no colours have a gradient.
    with tf.GradientTape() as tape:
        loss, _ = model.training_loss(model.in_units(crops), tf.fill([16], 2))
    gradient = tape.gradient(loss, model.levels[0][0].kernel).numpy()
    x = (model.in_units(crops) - 0.5).numpy()
    directions = np.linalg.svd(false_colours(x, 3))[0]  # the last two are no colours
    along = np.sqrt(np.square(np.einsum("abcf,cd->abdf", gradient, directions)).sum((0, 1, 3)))
    assert along[3:].min() > 1e-3 * along.max()


def test_a_start_of_grey_is_what_rgb_makes_of_grey(tiny_run, photograph):
    config = tiny("", {"channels": 1})
    model, trained = build_model(config), tiny_runs.load_model(tiny_run)
    grey = photograph[None, ..., :1]
    start_from(model, tiny_run, grey)
    quality = tf.constant([3])
    latents = model.analysis(model.in_units(grey), quality)
    threefold = model.in_units(np.repeat(grey, 3, axis=-1))
    theirs = trained.analysis(threefold, quality)
    assert np.allclose(latents, theirs, atol=1e-3)
    back = trained.synthesis(theirs, quality).numpy().mean(-1, keepdims=True)
    assert np.allclose(model.synthesis(latents, quality), back, atol=1e-4)


def test_a_start_of_another_shape_is_refused(tiny_run, five_folder):
    config = tiny(five_folder, {"channels": 5, "bits": 12}, widths=(8, 12, 24))
    with pytest.raises(CodecError, match="very shape"):
        start_from(build_model(config), tiny_run, batch(five_folder, ImageSpec(5, 12)))


def test_the_recipe_of_five_channels_is_read_as_it_stands():
    from tests.conftest import ROOT
    from tfcomp import config

    read = config.load(ROOT / "configs" / "cycle-microscopy.yaml")
    assert read.model.image == ImageSpec(channels=5, bits=14)
    assert config.from_dict(config.to_dict(read)) == read
    assert dataclasses.replace(read.model, image=ImageSpec()).image.is_rgb8

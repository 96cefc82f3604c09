"""Effort: one dial from no search to gradient descent, and never a worse file at a higher one."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw
from skimage import data as photographs

import tfcomp
from tfcomp.cli import main
from tfcomp.errors import ConfigError
from tfcomp.images.difference import squared_error
from tfcomp.latent_search import effort as effort_module
from tfcomp.latent_search.effort import HIGHEST, plan_of
from tfcomp.latent_search.iterative_encoding import IterativeEncoder
from tfcomp.latent_search.lagrangian import bits_of_squared_error
from tfcomp.pillow import TfcompSaveError

QUALITY = 5


@pytest.fixture(scope="module")
def codec():
    return tfcomp.load("cycle-small", num_threads=1)


@pytest.fixture(scope="module")
def face():
    """uint8 [64, 80, 3], a photograph."""
    return np.ascontiguousarray(photographs.astronaut()[60:124, 180:260])


@pytest.fixture(scope="module")
def files(codec, face):
    """The photograph's file of every effort, made when first asked for."""
    made = {}

    def file(effort):
        if effort not in made:
            made[effort] = codec.compress(face, QUALITY, effort=effort)
        return made[effort]

    return file


def cost(codec, picture, data, quality=QUALITY):
    worth = bits_of_squared_error(codec.bundle.manifest.rate_distortion, quality)
    return 8 * len(data) + worth * squared_error(picture, codec.decompress(data))


def test_effort_0_and_no_effort_are_the_encoders_own_file(codec, face, files):
    assert files(0) == codec.compress(face, QUALITY) == codec.plain_file(face, QUALITY)


@pytest.mark.parametrize("effort", [1, 2, 3, 4])
def test_efforts_1_to_4_are_as_many_rounds_of_feedback(codec, face, files, effort):
    assert files(effort) == codec.compress(face, QUALITY, feedback=effort)


def test_rounds_cost_no_more_at_a_higher_effort(codec, face, files):
    costs = [cost(codec, face, files(effort)) for effort in range(7)]
    assert costs == sorted(costs, reverse=True)
    assert costs[4] < costs[0]


def test_descent_costs_no_more_at_a_higher_effort(codec, face, monkeypatch):
    pytest.importorskip("tensorflow")
    monkeypatch.setattr(effort_module, "_STEPS", (10, 10, 20))  # as many stages, and quick
    costs = [
        cost(codec, face, codec.compress(face, QUALITY, effort=effort))
        for effort in range(6, HIGHEST + 1)
    ]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < costs[0]


def test_descent_after_rounds_quantises_with_the_weights_of_the_file_it_starts_from(
    face, monkeypatch
):
    pytest.importorskip("tensorflow")
    codec = tfcomp.load("cycle", num_threads=1)
    own = codec.bundle.tuning.at(6)["distortion_weights"]
    assert own != codec.bundle.manifest.distortion_weights[5]
    seen = []
    pack = codec.pack_latents

    def recorded(latents, *arguments, **choices):
        seen.append(choices)
        return pack(latents, *arguments, **choices)

    monkeypatch.setattr(codec, "pack_latents", recorded)
    codec.compress(face, 6, feedback=1, refine=1)
    of_descent = [choices for choices in seen if "hyper_latents" in choices]
    assert of_descent and all(choices["distortion_weight"] == own for choices in of_descent)


@pytest.mark.parametrize("options", [{"quality": QUALITY}, {"max_bytes": 900}])
def test_descent_takes_over_what_rounds_have_found_without_running_them_again(
    codec, face, monkeypatch, options
):
    pytest.importorskip("tensorflow")
    run, qualities = IterativeEncoder.run, []

    def counted(encoder, *arguments):
        qualities.append(encoder._quality)
        return run(encoder, *arguments)

    monkeypatch.setattr(IterativeEncoder, "run", counted)
    codec.compress(face, feedback=1, refine=1, **options)
    # Within a limit the chosen file's rounds need not have been the last ones.
    assert len(qualities) - len(set(qualities)) <= ("max_bytes" in options)


def test_a_drawn_picture_costs_no_more_at_a_higher_effort(codec):
    image = Image.new("RGB", (64, 48), "white")
    ImageDraw.Draw(image).ellipse((5, 5, 50, 40), fill="green", outline="black")
    picture = np.asarray(image)
    costs = [
        cost(codec, picture, codec.compress(picture, QUALITY, effort=effort))
        for effort in (0, 1, 4, 6)
    ]
    assert costs == sorted(costs, reverse=True)


def test_efforts_are_plans_that_grow(codec):
    plans = [plan_of(codec, effort) for effort in range(HIGHEST + 1)]
    assert plans[0] == plan_of(codec) == (0, ())
    for less, more in zip(plans, plans[1:]):
        assert less.rounds <= more.rounds and more.steps[: len(less.steps)] == less.steps
        assert less != more


def test_a_model_takes_the_part_of_an_effort_that_it_can():
    without_gains = tfcomp.load("cycle-factorized")
    assert plan_of(without_gains, 6) == (0, ())
    assert plan_of(without_gains, 9) == (0, plan_of(tfcomp.load("cycle"), 9).steps)
    bits = tfcomp.load("binary")
    picture = np.ascontiguousarray(photographs.astronaut()[:32, :32])
    assert bits.compress(picture, effort=9) == bits.compress(picture)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"effort": 10}, "effort must be from 0 to 9, not 10"),
        ({"effort": -1}, "effort must be from 0 to 9, not -1"),
        ({"effort": 2.0}, "effort must be a whole number"),
        ({"effort": True}, "effort must be a whole number"),
        ({"effort": 1, "feedback": 1}, "effort, or feedback and refine, not both"),
        ({"effort": 0, "refine": 5}, "effort, or feedback and refine, not both"),
    ],
)
def test_what_is_no_effort_is_refused(codec, face, options, message):
    with pytest.raises(ConfigError, match=message):
        codec.compress(face, QUALITY, **options)


def test_the_command_and_pillow_take_it_too(codec, face, files, tmp_path, capsys):
    tfcomp.register_pillow()
    Image.fromarray(face).save(tmp_path / "a.png")
    arguments = ["compress", str(tmp_path / "a.png"), "-m", "cycle-small", "-q", str(QUALITY)]
    assert main([*arguments, "--effort", "2"]) == 0
    assert (tmp_path / "a.tfcomp").read_bytes() == files(2)
    assert main([*arguments, "--effort", "12"]) == 2
    assert "effort must be from 0 to 9" in capsys.readouterr().err
    stream = io.BytesIO()
    options = {"model": "cycle-small", "level": QUALITY}
    Image.fromarray(face).save(stream, "TFCOMP", effort=2, **options)
    assert stream.getvalue() == files(2)
    with pytest.raises(TfcompSaveError, match="effort must be from 0 to 9"):
        Image.fromarray(face).save(stream, "TFCOMP", effort=11, **options)

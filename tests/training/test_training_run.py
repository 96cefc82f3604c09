import csv
import dataclasses
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

from tests import hyperprior_factory
from tests.conftest import ROOT, TINY
from tfcomp import config as config_module
from tfcomp.errors import CodecError
from tfcomp.runs import run_folder, weights_file
from tfcomp.training import callbacks, cli, loop, run_checkpoints


def _history(folder):
    with (folder / "history.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_folder_holds_config_weights_history_checkpoints_and_logs(tiny_run, tiny_config):
    assert config_module.load(tiny_run / "config.yaml") == tiny_config
    lines = _history(tiny_run)
    assert len(lines) == tiny_config.training.steps // tiny_config.training.log_every
    assert all(float(line[name]) > 0 for line in lines for name in ("loss", "bpp", "psnr", "cycle"))
    assert run_checkpoints.latest(tiny_run / "checkpoints").name == "step-00000012.npz"
    events = [
        value.tag
        for file in (tiny_run / "logs").rglob("events*")
        for event in tf.compat.v1.train.summary_iterator(str(file))
        for value in event.summary.value
    ]
    assert any("decoded" in tag for tag in events)
    assert any("bpp" in tag for tag in events)


def test_training_lowers_the_loss_on_what_it_sees(tmp_path, tiny_config):
    """On one repeated batch, so that the batches' own differences do not decide."""
    from tfcomp.data.sample_source import sample_images

    crop = sample_images("train")["coffee"][100:164, 100:164]
    batch = tf.constant(np.stack([crop[:32, :32], crop[32:, 32:]]))
    model = run_folder.build_model(tiny_config)
    model.compile(optimizer=tf.keras.optimizers.Adam(3e-3))
    quality = tf.constant([2, 2])
    images = tf.cast(batch, tf.float32) / 255.0
    before = float(model.training_loss(images, quality)[0])
    step = tf.function(model.train_step)
    for _ in range(60):
        step(batch)
    assert float(model.training_loss(images, quality)[0]) < 0.8 * before


def test_the_same_seed_trains_the_same_weights(tmp_path, tiny_config, tiny_run):
    again = loop.train(tiny_config, tmp_path / "again")
    first, _ = run_folder.load_model(tiny_run)
    for one, two in zip(first.trainable_variables, again.trainable_variables):
        np.testing.assert_allclose(one, two, rtol=1e-3, atol=1e-4)


def test_a_folder_with_a_run_is_not_overwritten(tiny_run, tiny_config):
    before = (tiny_run / "config.yaml").stat().st_mtime_ns
    with pytest.raises(CodecError, match="--resume"):
        loop.train(tiny_config, tiny_run)
    assert (tiny_run / "config.yaml").stat().st_mtime_ns == before


def test_a_folder_with_somebodys_files_is_not_taken_for_a_run(tmp_path, tiny_config):
    (tmp_path / "chelsea.png").write_bytes(b"the name of a picture that a run leaves")
    with pytest.raises(CodecError, match="new or empty folder") as caught:
        loop.train(tiny_config, tmp_path)
    assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["chelsea.png"]


def test_resuming_nothing_is_refused(tmp_path, tiny_config):
    with pytest.raises(CodecError, match="no run"):
        loop.train(tiny_config, tmp_path / "none", resume=True)


def test_a_diverged_run_stops_in_one_line_and_saves_no_broken_weights(tmp_path, tiny_config):
    wild = dataclasses.replace(
        tiny_config,
        optimizer=dataclasses.replace(
            tiny_config.optimizer, name="adam", learning_rate=1e30, warmup_steps=0
        ),
    )
    with pytest.raises(CodecError, match="diverged"):
        loop.train(wild, tmp_path / "wild")
    assert not (tmp_path / "wild" / "weights.npz").exists()
    assert not run_checkpoints.latest(tmp_path / "wild" / "checkpoints")


def _train_process(folder, *flags):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    code = (
        "import signal, sys\n"
        # A background job of a shell without job control inherits an ignored SIGINT.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from tfcomp.training.cli import main\n"
        "sys.exit(main())\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, "--out", str(folder), *flags],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _wait_for_checkpoint(folder, process, seconds=180):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if run_checkpoints.latest(folder / "checkpoints"):
            return
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.2)
    raise AssertionError("no checkpoint was written")


@pytest.fixture()
def frequent_checkpoints(tmp_path):
    """The tiny config, writing a checkpoint almost every step, too long to end by itself."""
    config = config_module.load(TINY)
    config = dataclasses.replace(
        config,
        training=dataclasses.replace(
            config.training, steps=400, checkpoint_minutes=1e-4, picture_every=0
        ),
    )
    path = tmp_path / "frequent.yaml"
    path.write_text(config_module.dump(config))
    return path


@pytest.mark.parametrize(
    "how, code",
    [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130), (signal.SIGTERM, 143)],
    ids=["killed", "interrupted", "told to end"],
)
def test_a_stopped_run_goes_on_where_it_was(tmp_path, frequent_checkpoints, how, code):
    folder = tmp_path / "run"
    process = _train_process(folder, "--config", str(frequent_checkpoints))
    _wait_for_checkpoint(folder, process)
    time.sleep(1.0)
    process.send_signal(how)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == code, errors
    assert "Traceback" not in errors
    if how != signal.SIGKILL:
        assert "go on with --resume" in errors

    config = config_module.load(folder / "config.yaml")
    kept = weights_file.read(run_checkpoints.latest(folder / "checkpoints"))
    stopped_at = int(kept["step"])
    assert 0 < stopped_at < 400
    momentum = [name for name in kept if name.startswith("optimizer/") and kept[name].ndim == 4]
    assert any(np.any(kept[name]) for name in momentum), "there is no optimiser state"
    before = {line["epoch"]: float(line["loss"]) for line in _history(folder)}

    shorter = dataclasses.replace(
        config, training=dataclasses.replace(config.training, steps=stopped_at + 8)
    )
    model = loop.train(shorter, folder, resume=True)
    assert int(model.optimizer.iterations) == stopped_at + 8
    after = _history(folder)
    assert len(after) > len(before)
    # The resumed loss goes on from the stopped one, not from that of a fresh model.
    last_before = np.mean(list(before.values())[-3:]) if before else None
    if last_before is not None:
        assert np.mean([float(line["loss"]) for line in after[-2:]]) < 3 * last_before


def test_an_interrupt_between_an_update_and_its_count_loses_neither(
    tmp_path, tiny_config, monkeypatch
):
    counted = callbacks.Checkpoints.on_train_batch_end

    def interrupted(self, batch, logs=None):
        if int(self.step) == 2:
            raise KeyboardInterrupt
        counted(self, batch, logs)

    monkeypatch.setattr(callbacks.Checkpoints, "on_train_batch_end", interrupted)
    with pytest.raises(KeyboardInterrupt):
        loop.train(tiny_config, tmp_path / "run")
    latest = run_checkpoints.latest(tmp_path / "run" / "checkpoints")
    assert latest.name == "step-00000003.npz"
    assert weights_file.read(latest)["step"] == 3


def test_bad_flags_end_in_one_line_and_exit_2(tmp_path, capsys):
    for flags, named in (
        (["--config", "nowhere.yaml"], "nowhere.yaml"),
        (["--config", str(TINY), "--data", "folder:/nowhere/at/all"], "nowhere"),
        (["--config", str(TINY), "--steps", "0"], "steps"),
        (["--resume"], "no run"),
    ):
        assert cli.main([*flags, "--out", str(tmp_path / "x")]) == 2
        error = capsys.readouterr().err
        assert named in error and error.count("\n") == 1


@pytest.mark.parametrize("flag", ["--seed 0", "--seed 3", "--precision float32"])
def test_a_resumed_run_keeps_its_settings(tiny_run, flag, capsys):
    assert cli.main(["--resume", *flag.split(), "--out", str(tiny_run)]) == 2
    assert f"leave out {flag.split()[0]}" in capsys.readouterr().err


def test_flags_go_over_the_config(tmp_path):
    options = cli.parse(
        ["--config", str(TINY), "--steps", "7", "--data", "folder:a", "--precision", "float32"]
    )
    (phase,) = cli.read_recipe(options).phases
    config = phase.config
    assert (config.training.steps, config.data.source) == (7, "folder:a")


@pytest.mark.parametrize(
    ("arguments", "recipe"),
    [
        (["--model", "cycle"], "cycle-quick"),
        (["--model", "cycle", "--data", "folder:a"], "cycle"),
        (["--model", "binary"], "binary"),
    ],
)
def test_the_quick_recipe_is_taken_where_no_pictures_are_named(arguments, recipe, monkeypatch):
    monkeypatch.chdir(ROOT)
    taken = cli.read_recipe(cli.parse(arguments)).phases
    named = cli.read_recipe(cli.parse([*arguments, "--config", f"configs/{recipe}.yaml"])).phases
    assert taken == named


def test_a_run_starts_from_another_runs_transforms_with_a_new_entropy_model(tiny_run, tmp_path):
    from tfcomp import config
    from tfcomp.runs import run_folder
    from tfcomp.training import loop

    stage1, settings = run_folder.load_model(tiny_run)
    values = config.to_dict(settings)
    values["model"].update(
        prior="hyperprior",
        max_lambda=4 * settings.model.max_lambda,
        hyperprior={
            "groups": [4, 12], "checkerboard": 1, "rows_per_stream": [1, 1, 1],
            "hyper_channels": 2, "features": 4, "hidden": 4,
        },
    )
    values["training"].update(steps=1, start_from=str(tiny_run), picture_every=0)
    values["optimizer"]["warmup_steps"] = 1000
    model = loop.train(config.from_dict(values), tmp_path / "stage2")
    for ours, theirs in zip(model.transform_variables[:-1], stage1.transform_variables):
        np.testing.assert_allclose(ours, theirs, atol=1e-3)
    # Four times the lambda halves the best step.
    moved = model.log_gain[-1] - stage1.log_gain[-1]
    np.testing.assert_allclose(moved, np.full(16, np.log(2)), atol=1e-2)
    assert run_folder.load_model(tmp_path / "stage2")[0].tables["latents"].count == 64


def test_a_run_adds_a_correction_to_another_runs_encoder_and_goes_on_with_it(tmp_path):
    values = config_module.to_dict(hyperprior_factory.tiny_config())
    values["training"]["steps"] = 1
    values["model"]["correction_blocks"] = 0
    first = loop.train(config_module.from_dict(values), tmp_path / "first")
    values["model"]["correction_blocks"] = 1
    values["model"]["hyperprior"]["distortion_weights"] = [20.0, 20.0]
    values["optimizer"].update(warmup_steps=1000, learning_rate=1e-3)
    values["training"]["start_from"] = str(tmp_path / "first")
    second = loop.train(config_module.from_dict(values), tmp_path / "second")
    for ours, theirs in zip(second.transform_variables, first.transform_variables):
        np.testing.assert_allclose(ours, theirs, atol=1e-3)
    for ours, theirs in zip(second.prior.variables, first.prior.variables):
        np.testing.assert_allclose(ours, theirs, atol=1e-2)
    second.correction.quality_scale.assign_add(tf.ones_like(second.correction.quality_scale))
    run_folder.save_weights(second, tmp_path / "second")
    values["training"]["start_from"] = str(tmp_path / "second")
    third = loop.train(config_module.from_dict(values), tmp_path / "third")
    np.testing.assert_allclose(third.correction.quality_scale, np.ones((2, 16)), atol=1e-2)
    values["model"]["correction_blocks"] = 2
    longer = loop.train(config_module.from_dict(values), tmp_path / "longer")
    for ours, theirs in zip(longer.correction.blocks[0], second.correction.blocks[0]):
        for variable, value in zip(tf.nest.flatten(ours), tf.nest.flatten(theirs)):
            np.testing.assert_allclose(variable, value, atol=1e-2)
    np.testing.assert_allclose(longer.correction.quality_scale, np.ones((2, 16)), atol=1e-2)


def test_a_run_of_the_encoder_only_leaves_all_that_decodes_as_it_was(tmp_path, photograph):
    values = config_module.to_dict(hyperprior_factory.tiny_config())
    first = loop.train(config_module.from_dict(values), tmp_path / "first")
    values["training"].update(start_from=str(tmp_path / "first"), encoder_only=True)
    values["loss"]["feedback_weight"] = 1.0
    values["model"]["correction_blocks"] = 2
    values["optimizer"].update(name="adam", warmup_steps=1, learning_rate=0.05)
    second = loop.train(config_module.from_dict(values), tmp_path / "second")
    images = tf.cast(photograph[None], tf.float32) / 255.0
    before, after = (model.compress(images, 2) for model in (first, second))
    assert before != after
    for data in (before, after):
        np.testing.assert_array_equal(first.decompress(data), second.decompress(data))
    for name, tables in first.tables.items():
        np.testing.assert_array_equal(tables.cdf, second.tables[name].cdf)
    for ours, theirs in zip(_what_decodes(second), _what_decodes(first)):
        np.testing.assert_array_equal(ours, theirs)


def _what_decodes(model):
    transforms = [v for v in model.transform_variables if "analysis_" not in v.name]
    assert len(transforms) < len(model.transform_variables)
    return [*transforms, *model.diffusion_variables, *model.prior.variables]


def test_a_run_of_the_encoder_only_needs_a_start_with_the_same_decoder(tiny_run, tmp_path):
    values = config_module.to_dict(run_folder.load_model(tiny_run)[1])
    values["training"]["encoder_only"] = True
    with pytest.raises(CodecError, match="needs start_from"):
        config_module.from_dict(values)
    values["training"]["start_from"] = str(tiny_run)
    values["model"]["max_lambda"] *= 2
    with pytest.raises(CodecError, match="no cycle model with this very decoder"):
        loop.train(config_module.from_dict(values), tmp_path / "other")


def test_transforms_of_another_shape_are_refused(tiny_run, tmp_path):
    from tfcomp import config
    from tfcomp.errors import CodecError
    from tfcomp.runs import run_folder
    from tfcomp.training import loop

    values = config.to_dict(run_folder.load_model(tiny_run)[1])
    values["model"]["widths"] = [8, 12, 20]
    values["training"]["start_from"] = str(tiny_run)
    with pytest.raises(CodecError, match="no narrower form"):
        loop.train(config.from_dict(values), tmp_path / "stage2")

"""Training on several devices and in several processes, each of them real.

The processes share the two cores of a small machine, so the model is tiny. What they must agree
in is everything: every image's crop, quality and noise follow from its number, so only the order of
floating-point sums differs.
"""

import csv
import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

from tests.conftest import ROOT, TINY
from tfcomp import config as config_module
from tfcomp.data import pipeline, sources
from tfcomp.errors import ConfigError
from tfcomp.runs import run_folder, weights_file
from tfcomp.training import distribution, run_checkpoints

STEPS = 24
EVERY = 2  # a checkpoint's step is a multiple of it, so that lines of history stay the same
# Of every line of history, relative to one process with the same global batch.
LOSS_TOLERANCE = 1e-3


def _config(**training):
    config = config_module.load(TINY)
    settings = {"steps": STEPS, "log_every": EVERY, "picture_every": 0, **training}
    return dataclasses.replace(
        config,
        data=dataclasses.replace(config.data, batch_size=4),
        # A gentle start: Adam's first full steps have the size of the rate whatever the gradient,
        # so that a rounding error in a gradient near zero would make another curve.
        optimizer=dataclasses.replace(config.optimizer, warmup_steps=40, average_decay=0.8),
        training=dataclasses.replace(config.training, **settings),
    )


def _start(folder, config, *, workers=1, replicas=1, flags=()):
    """Starts a run's processes, each with `replicas` devices; train.py's own command."""
    code = (
        "import sys, tensorflow as tf\n"
        "cpu = tf.config.list_physical_devices('CPU')[0]\n"
        f"devices = [tf.config.LogicalDeviceConfiguration()] * {replicas}\n"
        "tf.config.set_logical_device_configuration(cpu, devices)\n"
        "from tfcomp.training.cli import main\n"
        "sys.exit(main())\n"
    )
    if not flags:
        path = folder.with_suffix(".yaml")
        path.write_text(config_module.dump(config))
        flags = ("--config", str(path))
    addresses = [f"127.0.0.1:{_free_port()}" for _ in range(workers)]
    processes = []
    for number in range(workers):
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            # Waiting threads of two processes on two cores cost more than they bring.
            "TF_NUM_INTRAOP_THREADS": "1",
            "TF_NUM_INTEROP_THREADS": "2",
        }
        if workers > 1:
            task = {"type": "worker", "index": number}
            environment["TF_CONFIG"] = json.dumps(
                {"cluster": {"worker": addresses}, "task": task}
            )
        processes.append(
            subprocess.Popen(
                [sys.executable, "-c", code, "--out", str(folder), *flags],
                env=environment,
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
    return processes


def _free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def _finish(processes, seconds=900):
    outputs = [process.communicate(timeout=seconds)[0] for process in processes]
    assert [p.returncode for p in processes] == [0] * len(processes), "\n".join(outputs)[-4000:]
    return outputs


def _losses(folder):
    with (folder / "history.csv").open(newline="") as file:
        return {int(line["epoch"]): float(line["loss"]) for line in csv.DictReader(file)}


def _assert_same_curve(one, other):
    ours, theirs = _losses(one), _losses(other)
    assert list(ours) == list(theirs) == list(range(STEPS // EVERY))
    np.testing.assert_allclose(
        list(ours.values()), list(theirs.values()), rtol=LOSS_TOLERANCE
    )


@pytest.fixture(scope="module")
def one_process(tmp_path_factory):
    """The run folder of one process on one device."""
    folder = tmp_path_factory.mktemp("one") / "run"
    _finish(_start(folder, _config()))
    return folder


def test_two_devices_reach_the_curve_of_one(one_process, tmp_path):
    _finish(_start(tmp_path / "run", _config(strategy="mirrored"), replicas=2))
    _assert_same_curve(tmp_path / "run", one_process)


def test_two_workers_reach_the_curve_of_one_and_only_the_chief_writes(one_process, tmp_path):
    outputs = _finish(_start(tmp_path / "run", _config(strategy="multiworker"), workers=2))
    _assert_same_curve(tmp_path / "run", one_process)
    assert "compressed file" in outputs[0] and "compressed file" not in outputs[1]
    first, _ = run_folder.load_model(one_process)
    second, _ = run_folder.load_model(tmp_path / "run")
    for ours, theirs in zip(second.transform_variables, first.transform_variables):
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_a_run_whose_worker_was_killed_goes_on_to_the_same_curve(one_process, tmp_path):
    folder = tmp_path / "run"
    config = _config(strategy="multiworker", checkpoint_minutes=1e-4)
    processes = _start(folder, config, workers=2)
    deadline = time.monotonic() + 900
    while not run_checkpoints.latest(folder / "checkpoints"):
        assert all(process.poll() is None for process in processes), processes[0].communicate()
        assert time.monotonic() < deadline, "no checkpoint was written"
        time.sleep(0.05)
    processes[1].send_signal(signal.SIGKILL)
    output, _ = processes[0].communicate(timeout=300)
    assert processes[0].returncode == distribution.WorkerLostError.exit_code, output[-3000:]
    assert "another worker has gone" in output and "Traceback" not in output
    assert not (folder / "weights.npz").exists()
    latest = weights_file.read(run_checkpoints.latest(folder / "checkpoints"))
    assert 0 < int(latest["step"]) < STEPS

    _finish(_start(folder, config, workers=2, flags=("--resume",)))
    assert weights_file.read(run_checkpoints.latest(folder / "checkpoints"))["step"] == STEPS
    # The kill may fall between a checkpoint and the line of history that ends with it.
    ours, theirs = _losses(folder), _losses(one_process)
    assert len(ours) >= len(theirs) - 1 and set(ours) <= set(theirs)
    for line, loss in ours.items():
        np.testing.assert_allclose(loss, theirs[line], rtol=LOSS_TOLERANCE)
    first, _ = run_folder.load_model(one_process)
    second, _ = run_folder.load_model(folder)
    for ours, theirs in zip(second.transform_variables, first.transform_variables):
        np.testing.assert_allclose(ours, theirs, atol=1e-3)


@pytest.mark.parametrize("crops_per_image", [1, 3])
@pytest.mark.parametrize("start_step", [0, 5])
def test_the_workers_shares_are_the_batch_of_one(crops_per_image, start_step):
    source = sources.open_source("sample", None, "train")

    def batches(**share):
        dataset = pipeline.training_batches(
            source, crop=16, batch_size=6, seed=3, crops_per_image=crops_per_image,
            start_step=start_step, **share,
        )
        return list(dataset.take(3).as_numpy_iterator())

    shares = [batches(worker=worker, workers=3) for worker in range(3)]
    assert shares[0][0].shape == (2, 16, 16, 3)
    for step, whole in enumerate(batches()):
        np.testing.assert_array_equal(np.concatenate([each[step] for each in shares]), whole)


def test_a_batch_that_cannot_be_shared_evenly_is_refused():
    with pytest.raises(ConfigError, match="evenly"):
        pipeline.training_batches(
            sources.open_source("sample", None, "train"),
            crop=16, batch_size=5, seed=0, worker=0, workers=2,
        )
    with pytest.raises(ConfigError, match="multiple of"):
        team = distribution.Team(tf.distribute.get_strategy())
        team.replicas = 2
        team.check_batch_size(3)

"""The lines of history.csv."""

import csv
import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from tfcomp.training import callbacks, loop


def lines_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_line_has_the_epoch_and_what_was_logged_and_no_validation(tmp_path):
    path = tmp_path / "history.csv"
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    inputs, wanted = np.ones((4, 1), np.float32), np.zeros((4, 1), np.float32)
    history = callbacks.History(path)
    for first in (0, 2):  # a run that ends between two lines has a fit of its own for the last
        fit = {"epochs": first + 2, "initial_epoch": first, "verbose": 0, "callbacks": [history]}
        losses = model.fit(inputs, wanted, **fit).history["loss"]
        lines = lines_of(path)
        assert list(lines[0]) == ["epoch", "loss"]
        assert [float(line["loss"]) for line in lines[first:]] == pytest.approx(losses)
    assert [line["epoch"] for line in lines] == ["0", "1", "2", "3"]


def test_a_resumed_run_goes_on_in_the_file_and_a_new_one_begins_it_anew(tmp_path):
    path = tmp_path / "history.csv"
    callbacks.History(path).on_epoch_end(0, {"loss": 2.0, "bpp": np.float32(0.5)})
    callbacks.History(path, append=True).on_epoch_end(1, {"bpp": 0.25, "loss": 1.0})
    assert path.read_text().splitlines() == ["epoch,loss,bpp", "0,2.0,0.5", "1,1.0,0.25"]
    callbacks.History(path).on_epoch_end(0, {"psnr": 30.0})
    assert path.read_text().splitlines() == ["epoch,psnr", "0,30.0"]


def test_later_lines_keep_to_the_columns_of_the_file(tmp_path):
    """As when a run that an earlier version began, with other columns, is resumed."""
    path = tmp_path / "history.csv"
    path.write_text("epoch,bpp,val_bpp\n0,0.5,NA\n")
    callbacks.History(path, append=True).on_epoch_end(1, {"loss": 1.0, "bpp": 0.25})
    assert lines_of(path)[1] == {"epoch": "1", "bpp": "0.25", "val_bpp": "NA"}


def test_a_run_whose_steps_are_no_whole_number_of_lines_keeps_them_all(tmp_path, tiny_config):
    settings = dataclasses.replace(tiny_config.training, steps=5, log_every=2, picture_every=0)
    loop.train(dataclasses.replace(tiny_config, training=settings), tmp_path / "run")
    lines = lines_of(tmp_path / "run" / "history.csv")
    assert [line["epoch"] for line in lines] == ["0", "1", "2"]
    assert not [name for name in lines[0] if name.startswith("val_")]
    assert all(float(value) >= 0 for line in lines for name, value in line.items() if name == "bpp")

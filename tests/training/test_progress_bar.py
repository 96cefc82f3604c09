"""The progress bar counts a run's steps once, however many fits they take."""

from tfcomp.training.callbacks import ProgressBar


def fit(bar, steps):
    bar.on_train_begin()
    for batch in range(steps):
        bar.on_train_batch_end(batch, {"loss": 1.0})
    bar.on_train_end()


def test_a_second_fit_goes_on_where_the_first_ended(capsys):
    bar = ProgressBar(steps=10, done=3)
    fit(bar, 4)
    assert "7/10" in capsys.readouterr().err
    fit(bar, 3)
    said = capsys.readouterr().err
    assert "10/10" in said and " 0/10" not in said and " 3/10" not in said

"""Where the `train` extra is not installed, training and export end in one line of advice."""

import importlib.metadata
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tfcomp.runs.requirements import check, explain


def run_without(package, script, *arguments):
    code = (
        f"import runpy, sys; sys.modules[{package!r}] = None; "
        "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    return subprocess.run(
        [sys.executable, "-c", code, script, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("package", ["tensorflow", "yaml", "dacite"])
def test_training_says_how_to_install_what_is_missing(package, tmp_path):
    child = run_without(package, "train.py", "--out", str(tmp_path / "run"))
    assert child.returncode == 2, child.stderr
    line = child.stderr.splitlines()[-1]
    assert line.startswith(f"train.py: {package} is not installed")
    assert "pip install 'tfcomp[train]'" in line
    assert "Traceback" not in child.stderr
    assert not (tmp_path / "run").exists()


def test_export_says_how_to_install_tensorflow(tmp_path):
    child = run_without("tensorflow", "export.py", "--tflite", "--out", str(tmp_path / "x"))
    assert child.returncode == 2
    assert child.stderr.startswith("export.py: tensorflow is not installed")
    assert child.stderr.count("\n") == 1


def test_help_needs_nothing_of_the_extra():
    for script in ("train.py", "export.py"):
        child = run_without("tensorflow", script, "--help")
        assert child.returncode == 0
        assert "--out" in child.stdout


@pytest.mark.parametrize(
    ("python", "told"), [((3, 11), False), ((3, 13), False), ((3, 14), True), ((3, 8), True)]
)
def test_the_advice_names_the_right_pythons_where_this_one_is_wrong(python, told):
    text = explain(ModuleNotFoundError("no", name="tensorflow.keras"), python)
    assert text.startswith("tensorflow is not installed")
    assert text.endswith("pip install 'tfcomp[train]'")
    assert ("take Python 3.9 to 3.13" in text) == told


@pytest.mark.parametrize(
    ("version", "legacy", "told"),
    [
        ("2.13.1", "", "2.13.1 is too old: run: pip install --upgrade"),
        ("2.21.0", "1", "run: unset TF_USE_LEGACY_KERAS"),
    ],
)
@pytest.mark.parametrize("script", ["train", "export"])
def test_a_stack_that_cannot_work_is_one_line(monkeypatch, capsys, script, version, legacy, told):
    from tfcomp.export import cli as export
    from tfcomp.training import cli as train

    monkeypatch.setattr(importlib.metadata, "version", lambda name: version)
    monkeypatch.setenv("TF_USE_LEGACY_KERAS", legacy)
    main, flags = {"train": (train.main, []), "export": (export.main, ["--tflite"])}[script]
    assert main([*flags, "--out", "nowhere/run"]) == 2
    error = capsys.readouterr().err
    assert told in error and error.count("\n") == 1


def test_the_stacks_that_there_are_can_work(monkeypatch):
    for version, legacy in (("2.14.1", "1"), ("2.21.0", ""), ("2.21.0", "0")):
        monkeypatch.setattr(importlib.metadata, "version", lambda name, version=version: version)
        monkeypatch.setenv("TF_USE_LEGACY_KERAS", legacy)
        check()


def test_a_missing_module_of_tfcomp_itself_is_no_matter_of_installing():
    with pytest.raises(ModuleNotFoundError):
        explain(ModuleNotFoundError("no", name="tfcomp.training.gone"))


@pytest.mark.parametrize("command", ["train", "export"])
def test_the_subcommands_say_it_too_under_their_own_name(command, tmp_path):
    arguments = [command, "--out", str(tmp_path / "x")]
    arguments += ["--tflite"] if command == "export" else []
    child = run_without("tensorflow", "tfcomp/__main__.py", *arguments)
    assert child.returncode == 2
    assert child.stderr.startswith(f"tfcomp {command}: tensorflow is not installed")
    assert "pip install 'tfcomp[train]'" in child.stderr and child.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("command", "option"), [("train", "--resume"), ("export", "--saved-model")]
)
def test_the_subcommands_have_the_options_of_the_scripts(command, option):
    shown = [
        run_without("tensorflow", script, *arguments, "--help")
        for script, arguments in (
            ("tfcomp/__main__.py", [command]), (f"{command}.py", []),
        )
    ]  # fmt: skip
    subcommand, script = (child.stdout.partition("\n\n") for child in shown)
    assert subcommand[0].startswith(f"usage: tfcomp {command} ") and option in subcommand[0]
    assert subcommand[2] == script[2] != ""

"""What the commands that load TensorFlow or Beam write on standard error: errors, and no more."""

import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT, TINY

NOISE = ("cuda", "cuDNN", "cuBLAS", "cuFFT", "TensorRT", "cpu_feature", "instructions", "oneDNN")


def run(arguments, folder, **variables):
    """A command in an environment where nobody has set TensorFlow's level."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("TF_")}
    environment.update(variables, PYTHONPATH=str(ROOT))
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
    )


def picture(path):
    rng = np.random.default_rng(1)
    Image.fromarray(rng.integers(0, 256, (32, 32, 3)).astype(np.uint8)).save(path)
    return path


def test_a_training_shows_its_progress_and_no_word_of_graphics_cards(tmp_path):
    done = run([ROOT / "train.py", "--config", TINY, "--steps", "2", "--out", "run"], tmp_path)
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stderr.replace("\r", "\n").splitlines() if line.strip()]
    assert [line.split(":")[0] for line in lines if "step" not in line] == ["devices", "precision"]
    assert not any(word in done.stderr for word in NOISE)


def test_an_export_is_silent_where_all_is_well(tiny_run, tmp_path):
    flags = ["--tflite", "--saved-model", "--run", tiny_run, "--out", "out"]
    done = run([ROOT / "export.py", *flags], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_error_is_the_only_line(tmp_path):
    for arguments in (
        [ROOT / "export.py", "--tflite", "--run", tmp_path, "--out", "out"],
        [ROOT / "train.py", "--config", TINY, "--data", "folder:nowhere", "--out", "run"],
    ):
        done = run(arguments, tmp_path)
        assert done.returncode == 2
        lines = [line for line in done.stderr.splitlines() if not line.startswith("devices:")]
        assert len(lines) == 1 and lines[0].startswith(arguments[0].name)


REFINE = "import sys; from tfcomp.cli import main; sys.exit(main(sys.argv[1:]))"


def test_refinement_is_as_quiet_as_compression(tmp_path):
    picture(tmp_path / "a.png")
    arguments = ["-c", REFINE, "compress", "a.png", "a.tfcomp", "-m", "cycle-small", "--refine", 1]
    done = run(arguments, tmp_path)
    assert done.returncode == 0, done.stderr
    assert not any(word in done.stderr for word in NOISE)


def test_whoever_asks_tensorflow_to_speak_hears_it(tiny_run, tmp_path):
    flags = ["--tflite", "--run", tmp_path, "--out", "out"]
    done = run([ROOT / "export.py", *flags], tmp_path, TF_CPP_MIN_LOG_LEVEL="0")
    assert "instructions" in done.stderr


IMPORT = """
import importlib, os, sys
from tfcomp.runtime import quiet_tensorflow

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "tensorflow":
            os.write(2, b"E cuda_dnn.cc] Unable to register cuDNN factory: Attempting to register "
                        b"factory for plugin cuDNN when one has already been registered\\n")
            os.write(2, b"E what matters\\nwithout an end")
            {then}

sys.meta_path.insert(0, Finder())
quiet_tensorflow.import_quietly()
"""


@pytest.mark.parametrize("then", ["os.abort()", "os.kill(os.getpid(), 9)", "raise OSError('no')"])
def test_the_last_words_of_an_import_that_fails_come_through(tmp_path, then):
    done = run(["-c", IMPORT.format(then=then)], tmp_path)
    assert done.returncode != 0
    assert done.stderr.startswith("E what matters\nwithout an end")
    assert "cuDNN" not in done.stderr
    assert ("OSError: no" in done.stderr) == ("raise" in then)


def test_lines_of_children_are_filtered_and_order_is_kept(tmp_path):
    script = """
import os, re, subprocess, sys
from tfcomp.runtime.standard_error import without_lines
print("before", file=sys.stderr)
with without_lines(re.compile(rb"^noise")):
    print("noise of Python", file=sys.stderr)
    subprocess.run(["sh", "-c", "echo noise of a child >&2; echo word of a child >&2"])
    print("word of Python", file=sys.stderr)
print("after", file=sys.stderr)
print("noise after", file=sys.stderr)
"""
    done = run(["-c", script], tmp_path)
    assert done.stderr == "before\nword of a child\nword of Python\nafter\nnoise after\n"


def test_no_standard_error_is_no_error(tmp_path):
    script = """
import os, re, sys
os.close(2)
from tfcomp.runtime.standard_error import without_lines
with without_lines(re.compile(rb"x")):
    print("well")
"""
    assert run(["-c", script], tmp_path).stdout == "well\n"


@pytest.mark.parametrize("mode", ["in_memory", "multi_processing"])
def test_a_beam_run_says_its_totals_and_what_failed(tmp_path, mode):
    pytest.importorskip("apache_beam")
    (tmp_path / "in").mkdir()
    picture(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "b.png").write_bytes(b"no picture")
    arguments = ["-m", "tfcomp.beam", "in", "out", "-m", "cycle-small"]
    if mode != "in_memory":
        arguments += ["--direct_num_workers", "2", "--direct_running_mode", mode]
    done = run(arguments, tmp_path)
    assert done.returncode == 2 and done.stdout.startswith("1 files")
    assert done.stderr.count("\n") == 1 and "1 files failed" in done.stderr


def test_a_wrong_option_of_beam_is_said(tmp_path):
    pytest.importorskip("apache_beam")
    (tmp_path / "in").mkdir()
    picture(tmp_path / "in" / "a.png")
    arguments = ["-m", "tfcomp.beam", "in", "out", "-m", "cycle-small", "--runner", "Nothing"]
    done = run(arguments, tmp_path)
    assert done.returncode != 0 and "Nothing" in done.stderr

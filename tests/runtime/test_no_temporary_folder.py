"""Coding where there is no room for temporary files."""

import os
import sys

import pytest

from tests.bundle_factory import photo
from tests.child import python

RUN_FIRST_NETWORK = """
import sys
import numpy as np
from pathlib import Path
from tfcomp.networks.interpreter import Model
content = Path(sys.argv[1], "encoder.tflite").read_bytes()
image = np.zeros((1, 8, 8, 3), np.uint8)
model = Model(content, 2, "encoder")
print(model.run("encode", {"image": image, "quality": np.array([1], np.int32)})["latents"].shape)
"""


@pytest.fixture(params=["missing", "a file", "full"])
def without_room(request, tmp_path):
    """(environment, what to start a process with) where no temporary file can be written."""
    place = tmp_path / "tmp"
    prefix = []
    if request.param == "a file":
        place.write_text("")
    if request.param == "full":
        # Neither root nor any folder that Python falls back on can write a byte to a file.
        prefix = ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh"]
    environment = {**os.environ, "TMPDIR": str(place), "TEMP": str(place), "TMP": str(place)}
    return environment, prefix


@pytest.mark.skipif(sys.platform == "win32", reason="there is no ulimit here")
def test_a_network_runs_without_temporary_files(without_room, bundle_folder):
    environment, prefix = without_room
    done = python(RUN_FIRST_NETWORK, bundle_folder, prefix=prefix, env=environment)
    assert (done.returncode, done.stdout) == (0, "(1, 2, 2, 48)\n"), done.stderr
    assert done.stderr == ""


CODE = """
import signal, sys
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as Python does
from PIL import Image
import tfcomp
from tests.bundle_factory import photo
try:
    codec = tfcomp.load(sys.argv[1])
    print(codec.decompress(codec.compress(photo(16, 16))).shape)
except tfcomp.CodecError as error:
    print("CodecError:", error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no ulimit here")
def test_coding_works_or_is_a_codec_error_in_one_line(without_room, bundle_folder):
    environment, prefix = without_room
    done = python(CODE, bundle_folder, prefix=prefix, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "(16, 16, 3)\n" or done.stdout.startswith("CodecError: ")
    assert done.stdout.count("\n") == 1 and done.stderr == ""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no ulimit here")
def test_the_command_ends_in_files_or_in_one_line_each(without_room, installed, tmp_path):
    from PIL import Image

    environment, prefix = without_room
    Image.fromarray(photo(16, 16)).save(tmp_path / "a.png")
    command = "import sys; from tfcomp.cli import main; sys.exit(main())"
    packed, again = tmp_path / "a.tfcomp", tmp_path / "b.png"
    for arguments in (
        ["compress", str(tmp_path / "a.png"), str(packed), "-m", "tiny"],
        ["decompress", str(packed), str(again)],
    ):
        done = python(command, *arguments, prefix=prefix, env=environment)
        assert "Traceback" not in done.stderr
        assert done.returncode in (0, 2) and done.stderr.count("\n") <= 1, done.stderr
        if done.returncode:
            break

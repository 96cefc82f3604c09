"""What one TensorFlow exports runs on the other: bundles in LiteRT, SavedModels in its server."""

import contextlib
import subprocess
import sys

import numpy as np
import pytest

import tfcomp
from tests import hyperprior_export, needs
from tests.agreement import other_stack
from tests.conftest import ROOT
from tests.serving.pictures import picture
from tfcomp.serving import Client

MODEL = "tiny"
PATIENCE = 900  # s, on a machine that has much else to do


@pytest.fixture(scope="module")
def pythons():
    """The Pythons of this stack and of the other one."""
    other = other_stack.python()
    if other is None:
        pytest.skip(needs.OTHER_STACK)
    return {"this": sys.executable, "other": other}


@pytest.fixture(scope="module")
def exports(pythons, tmp_path_factory):
    """The folders that `export.py --tflite --saved-model` makes of one run on either stack."""
    folder = tmp_path_factory.mktemp("exports")
    found = {name: folder / name / MODEL for name in pythons}
    for out in found.values():
        out.parent.mkdir()
    hyperprior_export.main(folder / MODEL, found["this"])
    command = [pythons["other"], "-m", "tests.hyperprior_export", folder / MODEL, found["other"]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return found


@contextlib.contextmanager
def served(python, export):
    """The addresses at which a Python's contract server serves an export meanwhile."""
    ports = ["--rest-port", "0", "--grpc-port", "0", "--seconds", str(PATIENCE)]
    command = [python, "-m", "tests.serving.contract_server", str(export), "--name", MODEL, *ports]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            addresses = server.stdout.readline().split()
            assert addresses, "the server did not start"
            yield addresses
        finally:
            server.kill()


@pytest.mark.parametrize(("maker", "server"), [("other", "this"), ("this", "other")])
def test_a_savedmodel_of_one_stack_answers_on_the_other_as_its_bundle_does(
    pythons, exports, maker, server
):
    codec, image = tfcomp.load(exports[maker]), picture(40, 72)
    with served(pythons[server], exports[maker]) as addresses:
        for address in addresses:
            with Client(address, MODEL, timeout=PATIENCE) as client:
                data = client.compress(image, quality=2)
                assert data == codec.compress(image, quality=2)
                decoded = client.decompress(data).astype(int)
                np.testing.assert_allclose(decoded, codec.decompress(data), atol=1)


def test_either_stack_makes_of_a_run_a_bundle_with_the_same_latents_and_pixels(exports):
    """The networks' bytes differ, and with them the fingerprint, which precedes a file's size."""
    codecs = [tfcomp.load(folder) for folder in exports.values()]
    image = picture(64, 96)
    this, other = (codec.compress(image, quality=2) for codec in codecs)
    assert this[8:-4] == other[8:-4]
    np.testing.assert_array_equal(codecs[0].decompress(this), codecs[1].decompress(other))

"""REST needs no TensorFlow; what is missing for a protocol is said in one line."""

import subprocess
import sys

from tests.conftest import ROOT
from tests.serving.conftest import MODEL

BLOCK = """
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {names}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Block())
"""
TENSORFLOW = ("tensorflow", "keras", "tensorflow_serving", "tensorflow_compression", "grpc")


def python(script, names, *arguments):
    code = BLOCK.format(names=names) + script
    command = [sys.executable, "-c", code, *arguments]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_rest_works_where_tensorflow_and_grpc_are_not_installed(rest_url):
    script = """
import numpy as np
from tfcomp.serving import Client
image = np.full((20, 30, 3), 120, np.uint8)
with Client(sys.argv[1], sys.argv[2]) as client:
    (data,) = client.compress_batch([image])
    print(client.decompress(data).shape, "tensorflow" in sys.modules)
"""
    assert python(script, TENSORFLOW, rest_url, MODEL) == "(20, 30, 3) False"


ASK = """
from tfcomp import CodecError
from tfcomp.serving import Client
try:
    Client(sys.argv[1])
except CodecError as error:
    print(error)
"""


def test_grpc_without_its_packages_is_an_error_that_names_the_extra():
    for blocked in (TENSORFLOW, ("tensorflow_serving",), ("tensorflow",)):
        said = python(ASK, blocked, "grpc://localhost:8500")
        assert f"{'grpc' if 'grpc' in blocked else blocked[0]} is not installed" in said
        assert "pip install 'tfcomp[serving-grpc]'" in said and "http://localhost:8501" in said


def test_rest_without_its_packages_is_an_error_that_names_the_extra():
    for package in ("urllib3", "tenacity"):
        said = python(ASK, (package,), "http://localhost:8501")
        assert said == f"{package} is not installed; run: pip install 'tfcomp[serving]'"


def test_importing_the_package_imports_no_protocol():
    script = "import tfcomp.serving; print({'urllib3', 'numpy', 'tqdm'} & set(sys.modules))"
    assert python(script, TENSORFLOW) == "set()"

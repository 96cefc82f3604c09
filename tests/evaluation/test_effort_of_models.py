"""Models in the benchmark that search for better latents."""

import json

import numpy as np
import pytest

import tfcomp
from tfcomp.cli import main
from tfcomp.errors import CodecError
from tfcomp.evaluation.contestants import Model


def test_a_model_named_with_an_effort_makes_its_files_with_it(photographs):
    image = photographs["astronaut.png"][:96, :96]
    codec = tfcomp.load("cycle", 1)
    searching = Model("cycle@effort2")
    data = searching.encode(image, 3)
    assert data == codec.compress(image, 3, effort=2) != codec.compress(image, 3)
    assert "effort 2" in searching.describe() and searching.name == "cycle@effort2"
    np.testing.assert_array_equal(searching.decode(data), codec.decompress(data))
    assert Model("cycle@1").encode(image, 3) == codec.compress(image, 3, feedback=1)
    with pytest.raises(CodecError, match="from 0 to 9, not 12"):
        Model("cycle@effort12")


def test_the_benchmark_gives_an_effort_to_every_model(installed, folder, tmp_path):
    out = tmp_path / "out"
    flags = ["--codecs", "jpeg", "--repeats", "1", "--pictures", "0", "--published", "none"]
    models = ["--models", "tiny,tiny@effort0", "--effort", "3"]
    assert main(["benchmark", str(folder), *models, *flags, "--out", str(out)]) == 0
    entries = json.loads((out / "results.json").read_text())["entries"]
    assert [entry["name"] for entry in entries] == ["tiny@effort3", "tiny@effort0", "jpeg"]
    assert all("effort" in entry["description"] for entry in entries[:1])

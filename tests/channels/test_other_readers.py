"""C and JavaScript know what a model's pictures are, and give its samples."""

from __future__ import annotations

import json
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from tests import needs
from tests.c.building import build, litert_library, run
from tests.channels import pictures
from tests.conftest import ROOT
from tfcomp.image_spec import ImageSpec

WHOLE = [ImageSpec(), ImageSpec(1), ImageSpec(5, 12), ImageSpec(1, 16)]
SPECS = [*WHOLE, ImageSpec(2, range=(-2, 6.1))]


@pytest.mark.skipif(not shutil.which("node"), reason=needs.NODE)
def test_javascript_reads_a_spec_as_python_does():
    given = [None, *(spec.to_json() for spec in SPECS)]
    given += [{"channels": 65, "bits": 8, "colour": "none"}, {"channels": 2, "colour": "none"}]
    child = subprocess.run(
        ["node", str(ROOT / "tests" / "channels" / "image_spec.mjs")],
        input=json.dumps(given), capture_output=True, text=True, check=True, timeout=100,
    )  # fmt: skip
    answers = json.loads(child.stdout)
    for spec, answer in zip([ImageSpec(), *SPECS], answers):
        assert answer["hashed"].encode() == spec.fingerprinted(), spec
        named = {"uint8": "Uint8Array", "uint16": "Uint16Array", "float32": "Float32Array"}
        assert answer["samples"] == named[spec.dtype.name]
        assert answer["rgb"][:3] == [0, 0, 0] and set(answer["rgb"][3:]) <= {126, 127, 128}
    refusals = [answer["refusal"] for answer in answers[len(SPECS) + 1 :]]
    assert len(refusals) == 2 and all("not known here" in each for each in refusals)


@pytest.fixture(scope="module")
def decode(tmp_path_factory):
    """The C example with LiteRT: (bundle, file's bytes, ending) -> the bytes of what it writes."""
    library = litert_library()
    if library is None or not shutil.which("cmake"):
        pytest.skip(needs.LITERT_LIBRARY)
    folder = tmp_path_factory.mktemp("c")
    options = (f"-DLITERT_LIBRARY={library}", "-DTFCOMP_TESTS=OFF")
    program = build(folder / "build", *options) / "decode"

    def decoded(bundle, data, ending):
        (folder / "in.tfcomp").write_bytes(data)
        done = run(program, bundle, folder / "in.tfcomp", folder / f"out.{ending}")
        assert done.returncode == 0, done.stderr
        return (folder / f"out.{ending}").read_bytes()

    return decoded


def test_c_gives_five_channels_of_12_bits(decode, five_bundle):
    import tfcomp

    codec = tfcomp.load(five_bundle)
    data = codec.compress(pictures.whole(9, 5, 12, height=50, width=70))
    content = decode(five_bundle, data, "pam")
    header, _, samples = content.partition(b"ENDHDR\n")
    assert header.split() == b"P7 WIDTH 70 HEIGHT 50 DEPTH 5 MAXVAL 4095".split()
    found = np.frombuffer(samples, ">u2").reshape(50, 70, 5).astype(int)
    assert np.abs(found - codec.decompress(data)).max() <= 1


def test_c_gives_16_bits_of_grey_and_floats(decode, deep_bundle, float_bundle, tmp_path):
    import tfcomp

    codec = tfcomp.load(deep_bundle)
    data = codec.compress(pictures.whole(9, 1, 16))
    (tmp_path / "out.pgm").write_bytes(decode(deep_bundle, data, "pgm"))
    found = np.asarray(Image.open(tmp_path / "out.pgm"), int)
    assert np.abs(found - codec.decompress(data)).max() <= 2
    codec = tfcomp.load(float_bundle)
    image = (pictures.made(9, 2, 8.0) - 2.0).astype(np.float32)
    data = codec.compress(image)
    found = np.frombuffer(decode(float_bundle, data, "f32"), np.float32).reshape(image.shape)
    assert np.allclose(found, codec.decompress(data), atol=1e-3)

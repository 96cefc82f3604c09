"""A LiteRT that cannot do it is named, with the command that brings one that can."""

import numpy as np
import pytest

from tfcomp.errors import BundleError, CodecError
from tfcomp.networks import interpreter

UPGRADE = "pip install --upgrade ai-edge-litert"


def model_that_meets(monkeypatch, version, making=None, running=None):
    """A network in a LiteRT of this version that raises when made, or when run."""

    def run(**inputs):
        raise running

    class Interpreter:
        def __init__(self, **settings):
            if making:
                raise making

        def get_signature_runner(self, signature):
            return run

    monkeypatch.setattr(interpreter, "_interpreter_class", lambda: Interpreter)
    monkeypatch.setattr(interpreter, "_version", lambda: version)
    return interpreter.Model(b"", 1, "entropy.tflite")


def test_wheels_for_numpy_1_are_said_not_to_go_with_numpy_2(monkeypatch):
    error = SystemError("<built-in method CreateWrapperFromBuffer> returned a result with an error")
    model = model_that_meets(monkeypatch, "1.0.1", making=error)
    said = f"1.0.1 does not go with NumPy {np.__version__}.*{UPGRADE}"
    with pytest.raises(CodecError, match=said):
        model.run("decode", {})


def test_a_delegate_that_fails_in_litert_1_2_is_no_damage_of_the_bundle(monkeypatch):
    error = RuntimeError("XNNPack delegate failed to reshape runtimeNode number 80")
    with pytest.raises(CodecError, match=f"1.2.0 can't run entropy.tflite.*{UPGRADE}") as caught:
        model_that_meets(monkeypatch, "1.2.0", running=error).run("decode", {})
    assert not isinstance(caught.value, BundleError)
    with pytest.raises(BundleError, match="want of memory"):
        model_that_meets(monkeypatch, "2.3.0", running=error).run("decode", {})

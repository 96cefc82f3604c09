"""LiteRT: the networks of a TFLite file, called with named arrays.

The interpreter comes from `ai_edge_litert`, else `tflite_runtime`, else, only where neither is
installed, from TensorFlow. It is imported when the first network is made.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import IO, Any

import numpy as np

from tfcomp import forking
from tfcomp.errors import BundleError, CodecError
from tfcomp.networks.observing import observers

# LiteRT keeps the working memory of the last size it ran at. Above this many elements (an image of
# 16 megapixels has 48 million) the network is made anew, as it would keep gigabytes.
_KEEP_ELEMENTS = 48_000_000

_runs = itertools.count()


class Model:
    """One TFLite file, interpreted when first needed. Calls from several threads wait their turn.

    Args:
      content: the file.
      num_threads: all that the process may use if None.
      name: of the file, for messages.
    """

    def __init__(self, content: bytes, num_threads: int | None, name: str) -> None:
        self.content = content
        self._threads = num_threads or available_threads()
        self.name = name
        self._lock = forking.Lock()
        self._interpreter: Any = None
        self._runners: dict[str, Any] = {}
        forking.call_in_children(self._leave_to_parent)

    def run(self, signature: str, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """All outputs of a signature.

        Raises:
          BundleError: the network fails on these inputs.
          MemoryError: the inputs are too large.
        """
        with self._lock:
            try:
                if signature not in self._runners:
                    self._runners[signature] = self._make_runner(signature)
                with _without_banner():
                    outputs = self._runners[signature](**inputs)
                for observer in observers:
                    observer.network_ran(self.content, signature, inputs)
            except CodecError:
                raise
            except MemoryError:
                self._forget()
                raise
            except (ValueError, RuntimeError) as error:
                self._forget()
                reason = " ".join(str(error).split())
                if "XNNPack" in reason and _version().startswith(("1.1.", "1.2.")):
                    raise CodecError(
                        f"LiteRT {_version()} can't run {self.name}; run: "
                        "pip install --upgrade ai-edge-litert"
                    ) from None
                raise BundleError(
                    f"{self.name} failed, for want of memory or because the bundle is damaged: "
                    f"{reason or 'no reason given'}"
                ) from None
            if max(array.size for array in [*inputs.values(), *outputs.values()]) > _KEEP_ELEMENTS:
                self._forget()
            return outputs

    def release(self) -> None:
        """Gives back the working memory of the last run; the next one makes it anew."""
        with self._lock:
            self._forget()

    def _make_runner(self, signature: str) -> Any:
        if self._interpreter is None:
            try:
                self._interpreter = _interpreter_class()(
                    model_content=self.content, num_threads=self._threads
                )
            except SystemError:  # 1.0's wheels were built for NumPy 1
                raise CodecError(
                    f"LiteRT {_version()} does not go with NumPy {np.__version__}; run: "
                    "pip install --upgrade ai-edge-litert"
                ) from None
        return self._interpreter.get_signature_runner(signature)

    def _forget(self) -> None:
        self._interpreter = None
        self._runners = {}

    def _leave_to_parent(self) -> None:
        """After a fork: the interpreter's threads are the parent's, so the child makes its own."""
        if self._interpreter is not None:
            forking.never_free(self._interpreter)
        self._forget()


class Network:
    """One signature of a TFLite model, of which one output matters."""

    def __init__(self, model: Model, signature: str, output: str) -> None:
        self._model = model
        self._signature = signature
        self._output = output
        self.name = model.name

    def release(self) -> None:
        """See `Model.release`."""
        self._model.release()

    def run(self, **inputs: np.ndarray) -> np.ndarray:
        """The network's output for these inputs; raises what `Model.run` does."""
        outputs = self._model.run(self._signature, inputs)
        if self._output not in outputs:
            raise BundleError(f"{self.name} has no output '{self._output}'")
        return outputs[self._output]


def available_threads() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _interpreter_class() -> Any:
    for home in ("ai_edge_litert.interpreter", "tflite_runtime.interpreter"):
        try:
            return importlib.import_module(home).Interpreter
        except ImportError:
            continue
    try:
        return importlib.import_module("tensorflow").lite.Interpreter
    except ImportError:
        raise CodecError(
            "no LiteRT interpreter is installed; run: pip install ai-edge-litert"
        ) from None


def _version() -> str:
    from importlib import metadata  # slow to import, and needed only where something has failed

    try:
        return metadata.version("ai-edge-litert")
    except metadata.PackageNotFoundError:
        return "of unknown version"


@contextlib.contextmanager
def _without_banner() -> Iterator[None]:
    """Keeps LiteRT's line "INFO: Created ... delegate", one a process, out of standard error.

    LiteRT writes it from C++ during the first run and has no switch for it, so standard error goes
    through a file. Everything else that is written meanwhile is passed on.
    """
    with contextlib.ExitStack() as stack:
        if next(_runs) == 0:
            try:
                sys.stderr.flush()
                caught = stack.enter_context(_file_in_memory())
                saved = os.dup(2)
            except (OSError, ValueError, AttributeError):
                pass  # there is no standard error, or no place to keep it
            else:
                stack.callback(_restore_standard_error, saved, caught)
                os.dup2(caught.fileno(), 2)
        yield


def _file_in_memory() -> IO[bytes]:
    """A file in memory where the system has such files: the temporary folder may be full."""
    if hasattr(os, "memfd_create"):
        return open(os.memfd_create("tfcomp"), "w+b", buffering=0)
    return tempfile.TemporaryFile(buffering=0)


def _restore_standard_error(saved: int, caught: IO[bytes]) -> None:
    os.dup2(saved, 2)
    os.close(saved)
    with contextlib.suppress(OSError):  # standard error is closed, or its disk is full
        caught.seek(0)
        kept = [line for line in caught if not line.startswith(b"INFO: Created TensorFlow Lite")]
        if kept:
            os.write(2, b"".join(kept))

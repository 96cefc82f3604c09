"""In which precision the transforms are trained, and when they change to float32.

bfloat16 halves the cost of a convolution where a processor (AMX, AVX512-BF16) or a GPU has it in
hardware. The entropy model is always float32, since its integers must be exact. The last part of a
run is float32 too, as the exported networks are.
"""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from tfcomp.entropy import keras_versions
from tfcomp.models.base import CodecModel

HALF = "mixed_bfloat16"
FULL = "float32"
_AMPERE = (8, 0)  # the first compute capability with bfloat16
_PROCESSOR_FLAGS = ("amx_bf16", "avx512_bf16")


def chosen(setting: str) -> tuple[str, str]:
    """The Keras policy of `training.precision`, and the reason.

    Args:
      setting: "auto", "float32" or "mixed_bfloat16".

    Returns:
      (policy's name, a phrase that says why)
    """
    if setting != "auto":
        return setting, "as the configuration says"
    gpus = tf.config.list_physical_devices("GPU")
    if gpus:
        details = tf.config.experimental.get_device_details(gpus[0])
        name, capability = details.get("device_name", "GPU"), details.get("compute_capability")
        if capability and tuple(capability) >= _AMPERE:
            return HALF, f"{name} computes in bfloat16"
        return FULL, f"{name} has no bfloat16"
    for flag in _PROCESSOR_FLAGS:
        if flag in processor_flags():
            return HALF, f"the processor has {flag}"
    return FULL, "the processor has no bfloat16"


def processor_flags(path: str = "/proc/cpuinfo") -> frozenset[str]:
    """What the processor says that it can do; empty where the system does not tell."""
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    lines = (line.partition(":") for line in text.splitlines())
    return frozenset(next((rest.split() for key, _, rest in lines if key.strip() == "flags"), ()))


def use_float32(model: CodecModel) -> None:
    """Makes a model that was built for half precision compute in float32."""
    model.transform_dtype = FULL
    keras_versions.set_dtype_policies(model, FULL)


def parts(done: int, steps: int, line: int, change: int) -> list[tuple[int, int, bool]]:
    """The parts of a run by precision, in whole lines of history.

    Args:
      done: steps that are done already.
      steps: of the whole run.
      line: steps in a line of history.
      change: the step from which the transforms are float32.

    Returns:
      list of (first step, steps, float32 or not), none empty.
    """
    middle = min(max(done + round((change - done) / line) * line, done), steps)
    both = [(done, middle - done, False), (middle, steps - middle, True)]
    return [part for part in both if part[1]]

"""LiteRT's schema, with which the operations of a TFLite file are read."""

from __future__ import annotations

import importlib
from typing import Any

from tfcomp.errors import CodecError


def tflite_schema(purpose: str) -> Any:
    """The module of the schema's generated classes.

    Args:
      purpose: what needs it, for the message.

    Raises:
      CodecError: it is not installed; `tflite_runtime` has none.
    """
    try:
        return importlib.import_module("ai_edge_litert.schema_py_generated")
    except ImportError:
        raise CodecError(
            f"{purpose} needs LiteRT's schema; run: pip install ai-edge-litert"
        ) from None


def graph_of(model: Any, signature: str) -> int:
    """The number of the graph that a signature of a `Model` runs; 0 if there is no such one."""
    for number in range(model.SignatureDefsLength()):
        definition = model.SignatureDefs(number)
        if definition.SignatureKey().decode() == signature:
            return int(definition.SubgraphIndex())
    return 0


def operation_of(model: Any, operator: Any) -> int:
    """The schema's number of an operator's operation."""
    code = model.OperatorCodes(operator.OpcodeIndex())
    # Files that are older than the 128th operation fill in the old field only.
    return max(code.BuiltinCode(), code.DeprecatedBuiltinCode())

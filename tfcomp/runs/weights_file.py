"""Weights by name in a NumPy archive, the same on every TensorFlow.

A variable is named by the attributes that lead to it: "levels/0/0/kernel" is
model.levels[0][0].kernel. TensorFlow's own checkpoints, which tfcomp 0.1 wrote, have the same
names, so they are read too. Reading accounts for every tensor: one that is missing, left over or of
another shape is an error. (Under Keras 3, `tf.train.Checkpoint` silently skips lists of layers.)
"""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from typing import Any, Iterable, Mapping, Sequence

import numpy as np
import tensorflow as tf
from tensorflow import keras

from tfcomp.errors import CodecError
from tfcomp.runs import weights_in_networks
from tfcomp.runtime.atomic_file import write_atomically

# Private attributes of tfcomp that hold variables.
_PRIVATE = ("_density", "_matrices", "_biases", "_factors", "_weight_logit", "_ratio_logit")
_UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)


def named_variables(model: keras.Model) -> dict[str, tf.Variable]:
    """Every variable of a built model by its name, in a fixed order, without those of metrics.

    Raises:
      ValueError: the model has a variable that no attribute of its layers leads to.
    """
    found: dict[str, tf.Variable] = {}
    _walk(model, "", found, set())
    metrics = {id(v) for metric in model.metrics for v in metric.variables}
    known = {id(v) for v in found.values()}
    lost = [v.name for v in model.weights if id(v) not in known | metrics]
    if lost:
        raise ValueError(f"no attribute of the model leads to {', '.join(lost)}")
    return found


def _walk(thing: Any, path: str, found: dict[str, tf.Variable], seen: set[int]) -> None:
    if id(thing) in seen:
        return
    if _is_variable(thing):
        seen.add(id(thing))
        found[path] = thing
    elif isinstance(thing, dict):
        seen.add(id(thing))
        for key in thing:
            _walk(thing[key], f"{path}/{key}", found, seen)
    elif isinstance(thing, (list, tuple)):
        for number, part in enumerate(thing):
            _walk(part, f"{path}/{number}", found, seen)
    elif isinstance(thing, (keras.layers.Layer, tf.Module)):
        seen.add(id(thing))
        for name, part in _parts(thing):
            _walk(part, f"{path}/{name}" if path else name, found, seen)


def _parts(layer: Any) -> list[tuple[str, Any]]:
    """What a layer holds, by name: attributes of tfcomp's layers, weights of others."""
    if isinstance(layer, keras.metrics.Metric):
        return []
    if isinstance(layer, keras.layers.Layer) and not type(layer).__module__.startswith("tfcomp"):
        return [(weight.name.split(":")[0].split("/")[-1], weight) for weight in layer.weights]
    return [
        (name, part)
        for name, part in sorted(vars(layer).items())
        if not name.startswith("_") or name in _PRIVATE
    ]


def _is_variable(thing: Any) -> bool:
    return isinstance(thing, tf.Variable) or (
        hasattr(keras, "Variable") and isinstance(thing, keras.Variable)
    )


def write(path: Path, arrays: Mapping[str, Any]) -> None:
    """Writes variables, tensors or arrays by name into an .npz file, all or nothing.

    Raises:
      OutputError: the file cannot be written.
    """
    content = io.BytesIO()
    named: dict[str, Any] = {name: _array(value) for name, value in arrays.items()}
    np.savez(content, **named)
    write_atomically(path, content.getvalue())


def _array(value: Any) -> np.ndarray:
    """A variable's value, that of its first replica where it has several."""
    return value if isinstance(value, np.ndarray) else tf.convert_to_tensor(value).numpy()


def read(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file that `write` made, by name.

    Raises:
      CodecError: it is any other file.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except _UNREADABLE as error:
        raise CodecError(
            f"{path} holds no weights that can be read ({error}): take another copy of the run"
        ) from error
    return weights_in_networks.put_back(arrays, path.parent)


def read_checkpoint(
    prefix: Path, names: Iterable[str], root: str = "model"
) -> dict[str, np.ndarray]:
    """The arrays of a TensorFlow checkpoint of tfcomp 0.1, by name.

    Args:
      prefix: the checkpoint's path without .index.
      names: the variables to look for.
      root: what the checkpoint calls the model.

    Raises:
      CodecError: the checkpoint cannot be read.
    """
    try:
        reader = tf.train.load_checkpoint(str(prefix))
        text = reader.get_tensor("_CHECKPOINTABLE_OBJECT_GRAPH")
    except (tf.errors.OpError, ValueError) as error:
        raise CodecError(
            f"{prefix} is no checkpoint that can be read: take another copy of the run"
        ) from error
    nodes = _object_graph(text).nodes
    arrays = {}
    for name in names:
        key = _checkpoint_key(nodes, [root, *name.split("/")])
        if key is not None:
            arrays[name] = reader.get_tensor(key)
    return arrays


def _object_graph(text: bytes) -> Any:
    from tensorflow.core.protobuf import trackable_object_graph_pb2

    graph = trackable_object_graph_pb2.TrackableObjectGraph()
    graph.ParseFromString(text)
    return graph


def _checkpoint_key(nodes: Any, path: Sequence[str]) -> str | None:
    node = nodes[0]
    for name in path:
        children = {child.local_name: child.node_id for child in node.children}
        if name not in children:
            return None
        node = nodes[children[name]]
    return node.attributes[0].checkpoint_key if node.attributes else None


def assign(
    variables: Mapping[str, tf.Variable], arrays: Mapping[str, np.ndarray], source: str | Path
) -> None:
    """Assigns arrays to the variables of the same names and shapes; messages call them `source`.

    Raises:
      CodecError: names or shapes differ; nothing has changed then.
    """
    missing, surplus = sorted(set(variables) - set(arrays)), sorted(set(arrays) - set(variables))
    for names, what in ((missing, "lacks"), (surplus, "holds, beside what the model has,")):
        if names:
            rest = f" and {len(names) - 3} more" if len(names) > 3 else ""
            raise CodecError(
                f"{source} {what} {', '.join(names[:3])}{rest}: its config.yaml is not the one "
                "that it was trained with"
            )
    for name, variable in variables.items():
        if tuple(arrays[name].shape) != tuple(variable.shape):
            raise CodecError(
                f"{source} has {name} of shape {tuple(arrays[name].shape)} where the model has "
                f"{tuple(variable.shape)}: its config.yaml is not the one that it was trained with"
            )
    for name, variable in variables.items():
        variable.assign(tf.cast(arrays[name], variable.dtype))

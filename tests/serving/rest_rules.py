"""TensorFlow Serving's rules of JSON for predictions: from a request to tensors, and back.

As its REST API documents them: tensors by row ("instances") or by column ("inputs"), strings plain
or as {"b64": ...}, and in answers {"b64": ...} for outputs whose names end in _bytes.
"""

from __future__ import annotations

import base64
import binascii
import json

import numpy as np
import tensorflow as tf

from tests.serving.served_model import DEFAULT_SIGNATURE, invalid


def parse_request(body):
    """Returns the signature's name and a function: specs -> (inputs as arrays, whether by row)."""
    try:
        document = json.loads(body)
    except ValueError as error:
        raise invalid(f"JSON Parse error: {error}") from None
    if not isinstance(document, dict):
        raise invalid("JSON Value: Is not object")
    signature = document.get("signature_name", DEFAULT_SIGNATURE)
    if not isinstance(signature, str):
        raise invalid("'signature_name' key must be a string value.")
    if "instances" in document and "inputs" in document:
        raise invalid("Not formatted correctly expecting only one of 'inputs' or 'instances'")
    if "instances" in document:
        return signature, lambda specs: (_by_row(document["instances"], specs), True)
    if "inputs" in document:
        return signature, lambda specs: (_by_column(document["inputs"], specs), False)
    raise invalid("Missing 'inputs' or 'instances' key")


def make_answer(outputs, by_row):
    """outputs: name -> array. Returns the JSON object."""
    columns = {name: _to_json(name, array.tolist()) for name, array in outputs.items()}
    if not by_row:
        return {"outputs": columns if len(columns) > 1 else next(iter(columns.values()))}
    if len(columns) == 1:
        return {"predictions": next(iter(columns.values()))}
    rows = zip(*columns.values())
    return {"predictions": [dict(zip(columns, row)) for row in rows]}


def _by_column(inputs, specs):
    if not isinstance(inputs, dict) or _is_base64(inputs):
        if len(specs) > 1:
            raise invalid("inputs is a plain value/list, but expecting an object")
        inputs = {next(iter(specs)): inputs}
    for name in specs:
        if name not in inputs:
            raise invalid(f"Missing named input: {name} in 'inputs' object.")
    return {name: _array(inputs[name], spec.dtype) for name, spec in specs.items()}


def _by_row(instances, specs):
    if not isinstance(instances, list) or not instances:
        raise invalid("'instances' must be a list with values")
    named = isinstance(instances[0], dict) and not _is_base64(instances[0])
    if not named:
        if len(specs) > 1:
            raise invalid("instances is a plain list, but expecting list of objects")
        return _by_column({next(iter(specs)): instances}, specs)
    for number, instance in enumerate(instances):
        if not isinstance(instance, dict) or set(instance) != set(specs):
            raise invalid(f"Failed to process element: {number}; keys must be {sorted(specs)}")
    return _by_column({name: [each[name] for each in instances] for name in specs}, specs)


def _array(value, dtype):
    flat = [_leaf(item, dtype) for item in _leaves(value)]
    array = np.array(flat, object if dtype == tf.string else dtype.as_numpy_dtype)
    shape = _shape(value)
    if array.size != np.prod(shape, dtype=int):
        raise invalid("Encountered list at unexpected size")
    return array.reshape(shape)


def _shape(value):
    if not isinstance(value, list):
        return ()
    return (len(value), *(_shape(value[0]) if value else ()))


def _leaves(value):
    if not isinstance(value, list):
        return [value]
    return [leaf for item in value for leaf in _leaves(item)]


def _leaf(value, dtype):
    if dtype == tf.string:
        if isinstance(value, str):
            return value.encode()
        if _is_base64(value):
            try:
                return base64.b64decode(value["b64"], validate=True)
            except binascii.Error:
                raise invalid("Unable to base64 decode") from None
    elif type(value) is int and dtype.min <= value <= dtype.max:
        return value
    raise invalid(f"JSON Value: {json.dumps(value)} is not of expected type: {dtype.name}")


def _is_base64(value):
    return isinstance(value, dict) and set(value) == {"b64"} and isinstance(value["b64"], str)


def _to_json(name, value):
    if isinstance(value, list):
        return [_to_json(name, item) for item in value]
    if not isinstance(value, bytes):
        return value
    if name.endswith("_bytes"):
        return {"b64": base64.b64encode(value).decode("ascii")}
    return value.decode("utf-8")

"""TensorFlow Serving's gRPC protocol, through the stubs of tensorflow-serving-api.

The stubs import TensorFlow for its tensor message, so a client without TensorFlow speaks REST.
"""

from __future__ import annotations

import os
from typing import Any

import grpc
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from tfcomp import forking
from tfcomp.serving.errors import BusyServingError, ServingError, UntoldError
from tfcomp.serving.transport import (
    LONGEST_REASON,
    Endpoint,
    Inputs,
    Outputs,
    TensorKind,
    too_large,
    too_many,
)

_UNLIMITED = -1
_UNCOMPRESSED_ONLY = 1
_OPTIONS = [
    # The default's 4 MiB is less than one large photograph.
    ("grpc.max_send_message_length", _UNLIMITED),
    # The limit below is for what arrives, and a few bytes may unpack to gigabytes.
    ("grpc.compression_enabled_algorithms_bitset", _UNCOMPRESSED_ONLY),
    # So that a retry a moment later finds the channel ready to connect again.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.enable_retries", 0),  # retrying.py does that, for both protocols alike
]
# Of TensorFlow's types.proto.
_DT_INT32 = 3
_DT_STRING = 7
_DTYPES = {1: "float32", 4: "uint8", 17: "uint16"}
# What a server that has no metadata would not say.
_TELLING = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
)


class GrpcTransport:
    """Speaks to PredictionService. Safe to share by threads."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._connect()

    def predict(self, signature: str, inputs: Inputs) -> Outputs:
        """See `Transport.predict`."""
        self._stay_connected()
        request = predict_pb2.PredictRequest()
        self._name_model(request)
        request.model_spec.signature_name = signature
        for name, values in inputs.items():
            _fill(request.inputs[name], values)
        try:
            response = self._service.Predict(request, timeout=self._endpoint.timeout)
        except grpc.RpcError as error:
            raise self._explained(error) from None
        items = max(len(values) for values in inputs.values())
        if any(len(tensor.string_val) > items for tensor in response.outputs.values()):
            raise ServingError(f"{self._endpoint.address} {too_many(items)}")
        return {name: list(tensor.string_val) for name, tensor in response.outputs.items()}

    def output_kind(self, signature: str, output: str) -> TensorKind | None:
        """See `Transport.output_kind`."""
        self._stay_connected()
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        self._name_model(request)
        try:
            answer = self._service.GetModelMetadata(request, timeout=self._endpoint.timeout)
        except grpc.RpcError as error:
            explained = self._explained(error)
            if error.code() in _TELLING:
                raise explained from None
            raise UntoldError(str(explained)) from None
        signatures = get_model_metadata_pb2.SignatureDefMap()
        if not answer.metadata["signature_def"].Unpack(signatures):
            raise UntoldError(f"{self._endpoint.address} does not say what its signatures are")
        if signature not in signatures.signature_def:
            return None
        info = signatures.signature_def[signature].outputs[output]
        sizes = tuple(side.size for side in info.tensor_shape.dim)
        return TensorKind(_DTYPES.get(info.dtype, ""), sizes)

    def close(self) -> None:
        self._channel.close()

    def _stay_connected(self) -> None:
        if os.getpid() != self._process:  # a fork's child: the channel's threads are its parent's
            forking.never_free(self._channel)
            self._connect()

    def _name_model(self, request: Any) -> None:
        request.model_spec.name = self._endpoint.model
        if self._endpoint.version is not None:
            request.model_spec.version.value = self._endpoint.version

    def _connect(self) -> None:
        address, limit = self._endpoint.address, self._endpoint.max_answer_bytes
        options = [*_OPTIONS, ("grpc.max_receive_message_length", limit)]
        if address.is_encrypted:
            credentials = grpc.ssl_channel_credentials()
            self._channel = grpc.secure_channel(address.target, credentials, options)
        else:
            self._channel = grpc.insecure_channel(address.target, options)
        self._service = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)
        self._process = os.getpid()

    def _explained(self, error: Any) -> ServingError:
        address = self._endpoint.address
        code, details = error.code(), " ".join((error.details() or "").split())[:LONGEST_REASON]
        if code == grpc.StatusCode.DEADLINE_EXCEEDED:
            return self._endpoint.too_late()
        if code == grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in details:
            return ServingError(f"{address} {too_large(self._endpoint.max_answer_bytes)}")
        if code == grpc.StatusCode.UNAVAILABLE:
            return BusyServingError(
                f"{address} is not available: {details}; start the server, or correct the "
                "address (the usual port is 8500)"
            )
        return ServingError(f"{address} refuses ({code.name}): {details}")


def _fill(tensor: Any, values: Any) -> None:
    """Makes an empty TensorProto [B], of strings or of int32."""
    tensor.tensor_shape.dim.add().size = len(values)
    if values and isinstance(values[0], bytes):
        tensor.dtype = _DT_STRING
        tensor.string_val.extend(values)
    else:
        tensor.dtype = _DT_INT32
        tensor.int_val.extend(values)

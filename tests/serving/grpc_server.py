"""A gRPC server of TensorFlow Serving's PredictionService over a served model."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor

import grpc
import tensorflow as tf
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from tests.serving.served_model import DEFAULT_SIGNATURE, Refusal

_THREADS = 16
_OPTIONS = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, model):
        self._model = model

    def Predict(self, request, context):
        spec = request.model_spec
        version = spec.version.value if spec.HasField("version") else None
        signature = spec.signature_name or DEFAULT_SIGNATURE
        try:
            self._model.begin()
            inputs = {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}
            outputs = self._model.predict(spec.name, version, signature, inputs)
        except Refusal as refusal:
            context.abort(refusal.code, refusal.message)
        response = predict_pb2.PredictResponse()
        response.model_spec.name = spec.name
        response.model_spec.version.value = self._model.version
        response.model_spec.signature_name = signature
        for name, array in outputs.items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(array))
        return response


    def GetModelMetadata(self, request, context):
        spec = request.model_spec
        version = spec.version.value if spec.HasField("version") else None
        signatures = get_model_metadata_pb2.SignatureDefMap()
        try:
            for name, definition in self._model.metadata(spec.name, version).items():
                signatures.signature_def[name].CopyFrom(definition)
        except Refusal as refusal:
            context.abort(refusal.code, refusal.message)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.name = spec.name
        response.metadata["signature_def"].Pack(signatures)
        return response


@contextlib.contextmanager
def serve_grpc(model, port=0):
    """Serves on loopback meanwhile; gives the port."""
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=_OPTIONS)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        PredictionService(model), server
    )
    port = server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    try:
        yield port
    finally:
        server.stop(grace=None).wait()

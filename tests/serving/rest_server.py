"""An HTTP server of TensorFlow Serving's REST API over a served model."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf import json_format

from tests.serving import rest_rules
from tests.serving.served_model import Refusal, invalid

_PREDICT = re.compile(r"(?i)/v1/models/([^/:]+)(?:/versions/(\d+))?:predict")
_STATUS = re.compile(r"(?i)/v1/models/([^/:]+)(?:/versions/(\d+))?")
_METADATA = re.compile(_STATUS.pattern + "/metadata")
_HTTP_STATUS = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # the headers and the body in one piece

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(lambda model: self._predict(model, body))

    def do_GET(self):
        self._answer(self._metadata if _METADATA.fullmatch(self.path) else self._status)

    def _metadata(self, model):
        matched = _METADATA.fullmatch(self.path)
        version = int(matched[2]) if matched[2] else None
        signatures = {
            key: json_format.MessageToDict(value, preserving_proto_field_name=True)
            for key, value in model.metadata(matched[1], version).items()
        }
        return {
            "model_spec": {"name": model.name, "version": str(model.version)},
            "metadata": {"signature_def": {"signature_def": signatures}},
        }

    def _predict(self, model, body):
        matched = _PREDICT.fullmatch(self.path)
        if not matched:
            raise invalid(f"Malformed request: POST {self.path}")
        model.begin()
        name, version = matched[1], int(matched[2]) if matched[2] else None
        signature, read = rest_rules.parse_request(body)
        inputs, by_row = read(model.input_specs(name, version, signature))
        return rest_rules.make_answer(model.predict(name, version, signature, inputs), by_row)

    def _status(self, model):
        matched = _STATUS.fullmatch(self.path)
        if not matched:
            raise invalid(f"Malformed request: GET {self.path}")
        model.input_specs(matched[1], int(matched[2]) if matched[2] else None, "decompress")
        status = {"error_code": "OK", "error_message": ""}
        return {
            "model_version_status": [
                {"version": str(model.version), "state": "AVAILABLE", "status": status}
            ]
        }

    def _answer(self, make):
        try:
            status, answer = 200, make(self.server.model)
        except Refusal as refusal:
            status = _HTTP_STATUS.get(refusal.code.name, 500)
            answer = {"error": refusal.message}
        content = json.dumps(answer, indent=4).encode()
        # A client that did not wait for the answer has gone.
        with contextlib.suppress(ConnectionError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            self.wfile.flush()

    def log_message(self, *arguments):
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


@contextlib.contextmanager
def serve_rest(model, port=0):
    """Serves on loopback meanwhile; gives the port."""
    server = _Server(("127.0.0.1", port), _Handler)
    server.model = model
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""TensorFlow Serving's REST protocol: JSON with base64 in it, through urllib3."""

from __future__ import annotations

import base64
import binascii
import json
import queue
from typing import Any
from urllib.parse import quote

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError, TimeoutError

from tfcomp import forking
from tfcomp.serving.answer import AnswerError, parsed, read_start, read_whole
from tfcomp.serving.deadline import Deadline, WatchedConnection, WatchedTlsConnection
from tfcomp.serving.errors import BusyServingError, ServingError, UntoldError
from tfcomp.serving.transport import LONGEST_REASON, Endpoint, Inputs, Outputs, TensorKind

# Too many requests; a proxy without its server; a server that loads its model or has a full queue.
# Not 504: the server has spent its time on the request.
_BUSY = (429, 502, 503)
_DTYPES = {"DT_UINT8": "uint8", "DT_UINT16": "uint16", "DT_FLOAT": "float32"}
_MOST_KEPT = 64  # connections, for threads that share a client
_LONGEST_REFUSAL = 1 << 16  # bytes that are read of an error page


class RestTransport:
    """Speaks to `/v1/models/MODEL[/versions/VERSION]`. Safe to share by threads."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint, self._address = endpoint, endpoint.address
        self._path = f"{self._address.path}/v1/models/{quote(endpoint.model, safe='')}"
        if endpoint.version is not None:
            self._path += f"/versions/{endpoint.version}"
        self._pool = self._new_pool()
        forking.call_in_children(self._leave_to_parent)

    def predict(self, signature: str, inputs: Inputs) -> Outputs:
        """See `Transport.predict`."""
        body = {
            "signature_name": signature,
            "inputs": {name: [_to_json(value) for value in inputs[name]] for name in inputs},
        }
        items = max(len(values) for values in inputs.values())
        try:
            sent = json.dumps(body, separators=(",", ":")).encode("ascii")
            status, content = self._request("POST", ":predict", sent)
            answer = parsed(content, items)
        except AnswerError as error:
            raise ServingError(f"{self._address} {error}") from None
        if status != 200:
            raise self._refusal(status, content, answer)
        outputs = answer.get("outputs")
        if not isinstance(outputs, dict):
            raise self._stranger(content)
        try:
            return {name: _column(outputs[name]) for name in outputs}
        except (TypeError, ValueError, RecursionError):
            raise self._stranger(content) from None

    def output_kind(self, signature: str, output: str) -> TensorKind | None:
        """See `Transport.output_kind`."""
        try:
            status, content = self._request("GET", "/metadata", None)
            answer = parsed(content, 1)
        except AnswerError as error:
            raise ServingError(f"{self._address} {error}") from None
        if status in _BUSY:
            raise self._refusal(status, content, answer)
        try:
            signatures = answer["metadata"]["signature_def"]["signature_def"]
            if not isinstance(signatures, dict):
                raise TypeError
            if signature not in signatures:
                return None
            info = signatures[signature]["outputs"][output]
            sizes = tuple(int(side["size"]) for side in info["tensor_shape"]["dim"])
            return TensorKind(_DTYPES.get(info["dtype"], ""), sizes)
        except (KeyError, TypeError, ValueError):
            raise UntoldError(f"{self._address} does not say what its signatures are") from None

    def close(self) -> None:
        self._pool.close()

    def _new_pool(self) -> urllib3.HTTPConnectionPool:
        address = self._address
        if address.is_encrypted:
            secure = urllib3.HTTPSConnectionPool(address.host, address.port, maxsize=_MOST_KEPT)
            secure.ConnectionCls = WatchedTlsConnection
            return secure
        plain = urllib3.HTTPConnectionPool(address.host, address.port, maxsize=_MOST_KEPT)
        plain.ConnectionCls = WatchedConnection
        return plain

    def _leave_to_parent(self) -> None:
        """After a fork: two processes on one connection would read each other's answers."""
        # A thread of the parent may have held the lock of the queue of connections.
        if self._pool.pool is not None:
            vars(self._pool.pool).update(vars(queue.LifoQueue(_MOST_KEPT)))
        self._pool = self._new_pool()

    def _request(self, method: str, what: str, body: bytes | None) -> tuple[int, bytes]:
        with Deadline(self._endpoint.timeout) as deadline:
            try:
                answer = self._exchange(method, what, body)
                if deadline.passed:  # the answer may be cut short
                    raise self._endpoint.too_late()
                return answer
            except (HTTPError, OSError) as error:
                # NewConnectionError is a TimeoutError by its type.
                late = isinstance(error, TimeoutError) and not isinstance(error, NewConnectionError)
                if late or deadline.passed:
                    raise self._endpoint.too_late() from None
                raise self._absent(error) from None
            except AnswerError:
                if deadline.passed:
                    raise self._endpoint.too_late() from None
                raise

    def _exchange(self, method: str, what: str, body: bytes | None) -> tuple[int, bytes]:
        response = self._pool.urlopen(
            method,
            self._path + what,
            body=body,
            headers={"Content-Type": "application/json", "Accept-Encoding": "identity"},
            timeout=urllib3.Timeout(total=self._endpoint.timeout),
            retries=False,  # retrying.py does that, for both protocols alike
            redirect=False,
            preload_content=False,
        )
        try:
            if response.status == 200:
                content = read_whole(response, self._endpoint.max_answer_bytes)
                response.release_conn()
            else:
                content = read_start(response, _LONGEST_REFUSAL)
                if len(content) < _LONGEST_REFUSAL:
                    response.release_conn()
                else:
                    response.close()
        except BaseException:
            response.close()
            raise
        return response.status, content

    def _absent(self, error: Exception) -> ServingError:
        if isinstance(error, ProtocolError):
            return BusyServingError(f"{self._address} broke the connection off: {_reason(error)}")
        return BusyServingError(
            f"no server answers at {self._address}: {_reason(error)}; start it, or correct the "
            "address"
        )

    def _refusal(self, status: int, content: bytes, answer: dict[str, Any]) -> ServingError:
        said = answer.get("error")
        if not isinstance(said, str):
            said = content[:LONGEST_REASON].decode("utf-8", "replace")
        kind = BusyServingError if status in _BUSY else ServingError
        return kind(f"{self._address} refuses (HTTP {status}): {_one_line(said)}")

    def _stranger(self, content: bytes) -> ServingError:
        start = _one_line(content[:60].decode("utf-8", "replace"))
        return ServingError(
            f"what answers at {self._address} does not speak TensorFlow Serving's REST protocol "
            f"(it says {start!r}); the usual port is 8501"
        )


def _to_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode("ascii")}
    return value


def _column(values: Any) -> list[bytes]:
    """One output: a list of one value for each item."""
    if not isinstance(values, list):
        raise TypeError("an output is a list")
    return [_from_json(item) for item in values]


def _from_json(value: Any) -> bytes:
    """One item of an output: base64 where its name ends in _bytes, else plain text."""
    if isinstance(value, dict):
        try:
            return base64.b64decode(value["b64"], validate=True)
        except (KeyError, binascii.Error) as error:
            raise ValueError("no base64") from error
    return value.encode("utf-8") if isinstance(value, str) else str(value).encode()


def _reason(error: BaseException) -> str:
    """The message of the innermost exception, which urllib3 wraps in several others."""
    while True:
        inner = next((part for part in error.args if isinstance(part, BaseException)), None)
        inner = inner or error.__cause__
        if inner is None:
            break
        error = inner
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return _one_line(str(error)) or type(error).__name__


def _one_line(text: str) -> str:
    return " ".join(text[: 4 * LONGEST_REASON].split())[:LONGEST_REASON]

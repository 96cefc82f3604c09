"""TensorFlow Serving's REST protocol: JSON with base64 in it, through urllib3."""

from __future__ import annotations

import base64
import binascii
import json
import time
from typing import Any
from urllib.parse import quote

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, ProtocolError, TimeoutError

from tfcomp.serving.address import Address
from tfcomp.serving.errors import BusyServingError, ServingError
from tfcomp.serving.transport import Inputs, Outputs

# Too many requests, a proxy without its server, a server that loads its model or whose queue is
# full. 504 is not among them: the server has spent its time on the request.
_BUSY = (429, 502, 503)
_MOST_KEPT = 64  # connections, for threads that share a client
_PIECE = 1 << 16
_LONGEST_REASON = 300


class RestTransport:
    """Speaks to `POST /v1/models/MODEL[/versions/VERSION]:predict`. Safe to share by threads."""

    def __init__(self, address: Address, model: str, version: int | None, timeout: float) -> None:
        self._address = address
        self._timeout = timeout
        self._path = f"{address.path}/v1/models/{quote(model, safe='')}"
        if version is not None:
            self._path += f"/versions/{version}"
        self._path += ":predict"
        kind = urllib3.HTTPSConnectionPool if address.is_encrypted else urllib3.HTTPConnectionPool
        self._pool = kind(address.host, address.port, maxsize=_MOST_KEPT)

    def predict(self, signature: str, inputs: Inputs) -> Outputs:
        """See `Transport.predict`."""
        body = {
            "signature_name": signature,
            "inputs": {name: [_to_json(value) for value in inputs[name]] for name in inputs},
        }
        status, content = self._post(json.dumps(body, separators=(",", ":")).encode("ascii"))
        answer = _parsed(content)
        if status != 200:
            raise self._refusal(status, content, answer)
        outputs = answer.get("outputs")
        if not isinstance(outputs, dict):
            raise self._stranger(content)
        try:
            return {name: [_from_json(item) for item in outputs[name]] for name in outputs}
        except (TypeError, ValueError):
            raise self._stranger(content) from None

    def close(self) -> None:
        self._pool.close()

    def _post(self, body: bytes) -> tuple[int, bytes]:
        deadline = time.monotonic() + self._timeout
        try:
            response = self._pool.urlopen(
                "POST",
                self._path,
                body=body,
                headers={"Content-Type": "application/json"},
                timeout=urllib3.Timeout(total=self._timeout),
                retries=False,  # retrying.py does that, for both protocols alike
                redirect=False,
                preload_content=False,
            )
            # urllib3's time-out is one for each read; a server that dribbles must not outlive it.
            pieces = []
            try:
                while piece := response.read1(_PIECE):
                    pieces.append(piece)
                    if time.monotonic() > deadline:
                        raise self._too_late()
            except BaseException:
                response.close()
                raise
            response.release_conn()
            return response.status, b"".join(pieces)
        except NewConnectionError as error:  # which is a TimeoutError by its type
            raise self._absent(error) from None
        except TimeoutError:
            raise self._too_late() from None
        except (HTTPError, OSError) as error:
            raise self._absent(error) from None

    def _too_late(self) -> ServingError:
        return ServingError(
            f"{self._address} gave no answer within {self._timeout:g} s; allow more time, or send "
            "fewer or smaller images a request"
        )

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
            said = content[:_LONGEST_REASON].decode("utf-8", "replace")
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


def _from_json(value: Any) -> bytes:
    """One item of an output: base64 where its name ends in _bytes, else plain text."""
    if isinstance(value, dict):
        try:
            return base64.b64decode(value["b64"], validate=True)
        except (KeyError, binascii.Error) as error:
            raise ValueError("no base64") from error
    return value.encode("utf-8") if isinstance(value, str) else str(value).encode()


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(content)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _reason(error: BaseException) -> str:
    """The innermost words of an exception, which urllib3 wraps in several others."""
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
    return " ".join(text.split())[:_LONGEST_REASON]

"""A file server of the page that sends some files as slowly as a test says."""

from __future__ import annotations

import contextlib
import functools
import http.server
import queue
import threading
from collections.abc import Iterator
from pathlib import Path

_END, _BREAK = b"end", b"break"


class SlowFile:
    """A file that a test sends part by part.

    Args:
      length: what the server says of its bytes; None where it says nothing.
    """

    def __init__(self, length: int | None) -> None:
        self.length = length
        self._parts: queue.Queue[tuple[bytes, bytes]] = queue.Queue()

    def send(self, part: bytes) -> None:
        self._parts.put((part, b""))

    def end(self) -> None:
        self._parts.put((b"", _END))

    def break_off(self) -> None:
        """Closes the connection before its end."""
        self._parts.put((b"", _BREAK))

    def parts(self) -> Iterator[bytes]:
        for part, what in iter(functools.partial(self._parts.get, timeout=120), None):
            if what == _BREAK:
                raise ConnectionAbortedError
            if what == _END:
                return
            yield part


class _Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    slow: dict[str, SlowFile]

    def log_message(self, *_):
        pass

    def do_GET(self):
        file = self.slow.get(self.path)
        if file is None:
            return super().do_GET()
        self.close_connection = True
        self.send_response(200)
        if file.length is not None:
            self.send_header("Content-Length", str(file.length))
        else:
            self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # it breaks off, or the page has stopped it
            for part in file.parts():
                self._write(part if file.length is not None else _chunk(part))
            if file.length is None:
                self._write(_chunk(b""))

    def _write(self, part: bytes) -> None:
        self.wfile.write(part)
        self.wfile.flush()


def _chunk(part: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(part), part)


class SlowServer:
    """Serves a folder's files at once, and others slowly: `address` with a slash at its end."""

    def __init__(self, folder: Path) -> None:
        self._slow: dict[str, SlowFile] = {}
        handler = type("Handler", (_Handler,), {"slow": self._slow})
        made = functools.partial(handler, directory=str(folder))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), made)
        self.address = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def add(self, length: int | None) -> tuple[str, SlowFile]:
        """A new file's name, and what sends it."""
        name = f"slow-{len(self._slow)}.tfcomp"
        self._slow[f"/{name}"] = file = SlowFile(length)
        return name, file

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

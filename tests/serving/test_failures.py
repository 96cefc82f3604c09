"""Servers that are slow, busy, absent or no servers: one CodecError each, that says what to do."""

import socket
import threading
import time

import pytest
from grpc import StatusCode

from tests.serving.conftest import MODEL, PATIENCE
from tests.serving.pictures import picture
from tfcomp.errors import CodecError, ConfigError
from tfcomp.serving import Client, ServingError

IMAGE = picture(8, 8)


def unused_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def silent_port():
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
        yield listener.getsockname()[1]


def test_a_slow_answer_is_a_codec_error_and_is_not_asked_for_again(url, served):
    served.delay = 60  # until it is set to 0, at the end
    with Client(url, MODEL, timeout=1) as client:
        start = time.monotonic()
        with pytest.raises(ServingError, match="no answer within 1 s"):
            client.compress(IMAGE)
        with pytest.raises(CodecError, match="no answer within 1 s"):
            list(client.compress_batch([IMAGE] * 3))
        assert time.monotonic() - start < 30
    assert served.requests == 2


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_a_server_that_never_speaks_is_a_time_out(silent_port, scheme):
    with Client(f"{scheme}://127.0.0.1:{silent_port}", MODEL, timeout=0.5) as client:
        start = time.monotonic()
        with pytest.raises(ServingError, match=r"no answer within 0\.5 s"):
            client.compress(IMAGE)
        assert time.monotonic() - start < 20


def test_a_server_that_dribbles_does_not_outlive_the_time_out():
    stop = threading.Event()

    def dribble(listener):
        connection, _ = listener.accept()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 150\r\n\r\n")
            for _ in range(150):
                if stop.wait(0.1):
                    return
                try:
                    connection.sendall(b"{")
                except OSError:
                    return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=dribble, args=(listener,), daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with Client(url, MODEL, timeout=1) as client:
            start = time.monotonic()
            with pytest.raises(ServingError, match="no answer within 1 s"):
                client.compress(IMAGE)
            assert time.monotonic() - start < 14
        stop.set()
        thread.join(5)


def test_a_server_that_is_busy_twice_is_asked_again(url, served, codec):
    served.faults.extend([StatusCode.UNAVAILABLE] * 2)  # 503 over REST
    with Client(url, MODEL, retries=2) as client:
        assert client.compress(IMAGE) == codec.compress(IMAGE)
    assert served.requests == 3


def test_retries_end(url, served):
    served.faults.extend([StatusCode.UNAVAILABLE] * 5)
    with Client(url, MODEL, retries=1) as client, pytest.raises(ServingError) as caught:
        client.compress(IMAGE)
    assert "refused on purpose" in str(caught.value)
    assert served.requests == 2


def test_what_a_server_refuses_is_not_asked_for_again(url, served):
    served.faults.append(StatusCode.INVALID_ARGUMENT)
    with Client(url, MODEL) as client, pytest.raises(ServingError, match="refused on purpose"):
        client.compress(IMAGE)
    assert served.requests == 1


@pytest.mark.parametrize("scheme", ["http", "grpc"])
@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_a_wrong_address_is_one_clear_error(scheme, host):
    url = f"{scheme}://{host}:{unused_port()}"
    with Client(url, MODEL, retries=1, timeout=20) as client:
        with pytest.raises(ServingError) as caught:
            client.compress(IMAGE)
        message = str(caught.value)
        assert url in message and "correct the address" in message and "\n" not in message
        assert caught.value.__cause__ is None
        with pytest.raises(ServingError, match="correct the address"):
            list(client.compress_batch([IMAGE] * 20))


def test_a_server_that_comes_up_in_between_is_found(served, codec):
    from tests.serving.grpc_server import serve_grpc
    from tests.serving.rest_server import serve_rest

    for scheme, serve in (("http", serve_rest), ("grpc", serve_grpc)):
        port = unused_port()
        with Client(f"{scheme}://127.0.0.1:{port}", MODEL, retries=20) as client:
            results = []
            thread = threading.Thread(
                target=lambda client=client, results=results: results.append(
                    client.compress(IMAGE)
                )
            )
            thread.start()
            time.sleep(0.5)
            with serve(served, port):
                thread.join(PATIENCE)
            assert results == [codec.compress(IMAGE)]


def test_an_unknown_model_or_version_is_named(url):
    with Client(url, "other") as client, pytest.raises(ServingError, match=r"Latest\(other\)"):
        client.compress(IMAGE)
    with Client(url, MODEL, version=7) as client, pytest.raises(ServingError, match="7"):
        client.compress(IMAGE)
    with Client(url, MODEL, version=1) as client:
        assert client.compress(IMAGE)


def test_something_else_at_the_address_is_told(rest_url, tmp_path):
    from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

    class Page(SimpleHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>welcome</html>")

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        client = Client(f"http://127.0.0.1:{server.server_port}", MODEL)
        with pytest.raises(ServingError, match="does not speak .*welcome"), client:
            client.compress(IMAGE)
        server.shutdown()
    wrong_protocol = rest_url.replace("http", "grpc")
    client = Client(wrong_protocol, MODEL, retries=0, timeout=5)
    with pytest.raises(ServingError), client:
        client.compress(IMAGE)


@pytest.mark.parametrize(
    "url", ["localhost:8501", "ftp://host", "http://", "http://h:x", "grpc://h/x", "http://u:p@h"]
)
def test_what_is_no_address_is_refused_at_once(url):
    with pytest.raises(ConfigError, match="address"):
        Client(url)

"""A client that is made before a process forks, as pre-fork servers do."""

import base64
import hashlib
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

USE = """
import hashlib, os, signal, sys, threading
from tfcomp.serving import Client
from tests.serving.pictures import as_file, picture

client = Client(sys.argv[1], "m", retries=0, timeout=20)
end = threading.Event()

def asks(seed, times):
    for number in range(times):
        image = as_file(picture(8, 8, seed=seed * 1000 + number))
        assert client.compress(image) == hashlib.sha256(image).digest()
        if end.is_set():
            return

asks(0, 2)
threads = [threading.Thread(target=asks, args=(seed, 10_000), daemon=True) for seed in (1, 2)]
for thread in threads:
    thread.start()
for generation in range(5):
    children = []
    for seed in (3, 4):
        child = os.fork()
        if not child:
            signal.alarm(20)
            try:
                asks(seed, 5)
            except BaseException as error:
                print(repr(error), file=sys.stderr)
                os._exit(1)
            if generation:
                os._exit(0)
            sys.exit(0)
        children.append(child)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
end.set()
for thread in threads:
    thread.join()
print("well")
"""


class Echo(BaseHTTPRequestHandler):
    """Answers with the SHA-256 of what it got, so that another's answer shows."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        images = [base64.b64decode(each["b64"]) for each in asked["inputs"]["image_bytes"]]
        files = [base64.b64encode(hashlib.sha256(image).digest()).decode() for image in images]
        answer = {"compressed_bytes": [{"b64": f} for f in files], "error": [""] * len(files)}
        body = json.dumps({"outputs": answer}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork here")
def test_a_client_and_its_forked_copies_get_their_own_answers():
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        done = subprocess.run(
            [sys.executable, "-c", USE, url], capture_output=True, text=True, timeout=120
        )
        server.shutdown()
    assert (done.returncode, done.stdout) == (0, "well\n"), done.stderr

"""The client against the real TensorFlow Serving, where there is one on the PATH."""

import shutil
import socket
import subprocess
import time

import numpy as np
import pytest
import urllib3

from tests import needs
from tests.serving.conftest import MODEL
from tests.serving.pictures import as_file, picture
from tfcomp.serving import Client, ItemError

PROGRAM = shutil.which("tensorflow_model_server")

pytestmark = pytest.mark.skipif(
    PROGRAM is None,
    reason=needs.MODEL_SERVER,
)


@pytest.fixture(scope="module")
def urls(export):
    ports = []
    for _ in range(2):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            ports.append(probe.getsockname()[1])
    rest, grpc = ports
    command = [
        PROGRAM,
        f"--rest_api_port={rest}",
        f"--port={grpc}",
        f"--model_name={MODEL}",
        f"--model_base_path={export}",
    ]
    server = subprocess.Popen(command)
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and server.poll() is None:
            try:
                state = urllib3.request(
                    "GET", f"http://127.0.0.1:{rest}/v1/models/{MODEL}", retries=False
                )
                if b"AVAILABLE" in state.data:
                    break
            except urllib3.exceptions.HTTPError:
                pass
            time.sleep(0.5)
        yield f"http://127.0.0.1:{rest}", f"grpc://127.0.0.1:{grpc}"
    finally:
        server.terminate()
        server.wait(30)


def test_the_real_server_gives_what_the_local_codec_gives(urls, codec):
    images = [picture(17, 33), picture(64, 96), picture(1, 1)]
    broken = as_file(picture(64, 64), "JPEG")[:-700]
    for url in urls:
        with Client(url, MODEL) as client:
            files = list(client.compress_batch([*images, broken], 2))
            assert files[:3] == [codec.compress(image, quality=2) for image in images]
            assert isinstance(files[3], ItemError) and str(files[3]).startswith("item 3: ")
            for image, file in zip(client.decompress_batch(files[:3]), files):
                assert np.abs(image.astype(int) - codec.decompress(file)).max() <= 1

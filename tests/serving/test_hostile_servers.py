"""Servers that send too much, too deep or too slowly: one ServingError, soon, for little memory."""

import base64
import gzip
import io
import json
import struct
import subprocess
import sys
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.serving.pictures import picture
from tests.serving.rogue_server import answering, rogue
from tfcomp.bitstream.container import Container, pack
from tfcomp.errors import CodecError, ConfigError
from tfcomp.serving import Client, ItemError, ServingError

IMAGE = picture(8, 8)
LIMIT = 1 << 20


def refusal(talk, match, **settings):
    """The seconds until compressing ends in this one ServingError."""
    settings = {"retries": 0, "timeout": 20, **settings}
    with rogue(talk) as url, Client(url, "m", **settings) as client:
        start = time.monotonic()
        with pytest.raises(ServingError, match=match) as caught:
            client.compress(IMAGE)
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 600
        return time.monotonic() - start


def outputs(**values):
    return json.dumps({"outputs": values}).encode()


def endless(head):
    def talk(connection, over):
        connection.sendall(head)
        while not over.is_set():
            connection.sendall(b"1f4\r\n" + b"x" * 500 + b"\r\n")

    return talk


def test_an_endless_answer_ends_at_the_limit():
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    seconds = refusal(endless(head), f"more than {LIMIT} bytes", max_answer_bytes=LIMIT)
    assert seconds < 10


def test_the_limit_of_an_answer_is_256_mib_by_default_and_told_by_its_header():
    def talk(connection, over):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 268435457\r\n\r\n")
        over.wait(10)

    assert refusal(talk, "more than 268435456 bytes; .*max_answer_bytes") < 5


def test_an_endless_page_of_an_error_is_not_read_to_its_end():
    head = b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert refusal(endless(head), "HTTP 500") < 10


def test_an_answer_that_unpacks_to_much_is_refused_before_it_is_unpacked():
    bomb = gzip.compress(bytes(50 * LIMIT))
    assert len(bomb) < LIMIT / 10
    for encoding, content in (("gzip", bomb), ("deflate", zlib.compress(bytes(50 * LIMIT)))):
        talk = answering(content, f"Content-Encoding: {encoding}")
        refusal(talk, f"more than {LIMIT} bytes", max_answer_bytes=LIMIT)


def test_packing_within_packing_and_unknown_packing_are_refused():
    twice = gzip.compress(gzip.compress(b"{}"))
    refusal(answering(twice, "Content-Encoding: gzip, gzip"), "encoding that was not asked for")
    refusal(answering(b"{}", "Content-Encoding: br"), "encoding that was not asked for")
    refusal(answering(b"{}", "Content-Encoding: gzip"), "what is not gzip")
    refusal(answering(gzip.compress(b"{}")[:-9], "Content-Encoding: gzip"), "only a part")


def test_an_honest_answer_may_be_packed():
    body = gzip.compress(
        outputs(compressed_bytes=[{"b64": base64.b64encode(b"file").decode()}], error=[""])
    )
    with rogue(answering(body, "Content-Encoding: gzip")) as url, Client(url, "m") as client:
        assert client.compress(IMAGE) == b"file"


@pytest.mark.parametrize("opening, closing", [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("depth", [4_000, 10_000, 1_000_000])
def test_json_within_json_without_end_is_a_serving_error(opening, closing, depth):
    for body in (
        opening * depth + closing * depth,
        '{"outputs":{"error":[""],"compressed_bytes":[' + opening * depth,
        '{"outputs":{"error":[""],"compressed_bytes":['
        + opening * depth
        + "0"
        + closing * depth
        + "]}}",
    ):
        refusal(answering(body.encode()), "answers with|does not speak")


@pytest.mark.parametrize(
    "body",
    [
        outputs(error=[""], compressed_bytes=[0] * 500_000),
        outputs(error=[""], compressed_bytes=[[]] * 500_000),
        outputs(error=[""], compressed_bytes="x" * 500_000),
        outputs(error=[""], compressed_bytes=[{"b64": ""}] * 3),
        outputs(error=[""] * 2, compressed_bytes=[{"b64": ""}]),
        outputs(**{f"output{number}": [""] for number in range(100_000)}),
    ],
    ids=["numbers", "lists", "a text", "three files", "two errors", "names"],
)
def test_more_values_than_items_are_a_serving_error(body):
    refusal(answering(body), "too many values|does not speak|does not give")


@pytest.mark.parametrize("number", ["1" * 900_000, "-" + "1" * 5_000, "1e400", "NaN", '"\\ud800"'])
def test_absurd_numbers_and_texts_end_soon(number):
    body = '{"outputs":{"error":[""],"compressed_bytes":[%s]}}' % number  # noqa: UP031
    with rogue(answering(body.encode())) as url, Client(url, "m", retries=0) as client:
        start = time.monotonic()
        try:
            client.compress(IMAGE)
        except ServingError as error:
            assert len(str(error)) < 600
        assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    "output",
    [
        [],
        {"dtype": ["DT_UINT16"], "tensor_shape": {"dim": []}},
        {"dtype": "DT_STRING", "tensor_shape": {"dim": [{"size": "-1"}] * 4}},
        {"dtype": "DT_UINT16", "tensor_shape": {"dim": [{"size": "1" * 5_000}] * 4}},
        {"dtype": "DT_UINT16", "tensor_shape": {"dim": [{"size": "999999999"}] * 4}},
        {"dtype": "DT_FLOAT", "tensor_shape": {"dim": [{"size": "2"}] * 500}},
    ],
)
def test_signatures_that_are_none_of_a_codec_change_nothing(output):
    signatures = {"decompress_samples": {"outputs": {"samples": output}}}
    told = {"metadata": {"signature_def": {"signature_def": signatures}}}
    body = {**told, "outputs": {"compressed_bytes": [{"b64": "Zm9v"}], "error": [""]}}
    with rogue(answering(json.dumps(body).encode())) as url, Client(url, "m") as client:
        assert client.compress(IMAGE) == b"foo"


def drip(text, pause=0.05):
    def talk(connection, over):
        for byte in text:
            if over.wait(pause):
                return
            connection.sendall(bytes([byte]))

    return talk


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200,
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 50,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 1000,
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"{" * 1000,
        b"HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\n" + b"{" * 1000,
    ],
    ids=["headers", "a header", "continue", "a chunk's length", "a body", "an error"],
)
def test_an_answer_that_drips_ends_with_the_time_out(text):
    assert refusal(drip(text), "no answer within 1 s", timeout=1) < 4


def test_headers_without_end_are_an_error():
    def talk(connection, over):
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while not over.is_set():
            connection.sendall(b"X: " + b"y" * 1000 + b"\r\n")

    assert refusal(talk, "broke the connection off") < 5


@pytest.mark.parametrize("after", ["1e9", "1000000000", "Fri, 31 Dec 9999 23:59:59 GMT", "-5"])
def test_a_server_does_not_choose_how_long_its_client_sleeps(after):
    talk = answering(b'{"error": "later"}', f"Retry-After: {after}", status="503 Busy")
    assert refusal(talk, "later", retries=2) < 10


def test_a_redirection_is_not_followed():
    talk = answering(b"", "Location: http://127.0.0.1:1/", status="307 Elsewhere")
    refusal(talk, "HTTP 307")


def test_a_long_refusal_is_cut():
    refusal(answering(b"a " * 10_000_000, status="400 No"), "HTTP 400")
    body = outputs(error=["no " * 10_000], compressed_bytes=[{"b64": ""}])
    with rogue(answering(body)) as url, Client(url, "m") as client:
        with pytest.raises(ItemError) as caught:
            client.compress(IMAGE)
        assert len(str(caught.value)) < 1200


SENT = pack(Container(b"mine", 1, 30, 20, (b"",)))  # 30x20 pixels


def png(width, height):
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((height, width, 3), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def png_that_claims(width, height):
    """A few bytes of PNG."""

    def chunk(kind, content):
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels)


def decompressed(file, sent=SENT, **settings):
    body = outputs(image_bytes=[{"b64": base64.b64encode(file).decode()}], error=[""])
    with rogue(answering(body)) as url, Client(url, "m", **settings) as client:
        return client.decompress(sent)


def test_a_picture_of_the_size_of_its_file_is_taken():
    assert decompressed(png(30, 20)).shape == (20, 30, 3)


@pytest.mark.parametrize(
    "file, settings, reason",
    [
        (png(31, 20), {}, r"31x20 pixels, not the 30x20"),
        (png_that_claims(9000, 9000), {}, r"9000x9000 pixels, not the 30x20"),
        (png_that_claims(2**31 - 1, 2**31 - 1), {}, "damaged"),
        (png(30, 20), {"max_pixels": 599}, "more than 599"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 30 20\n", {}, "not a PNG"),
        (b"", {}, "not a PNG"),
        (b"\x89PNG\r\n\x1a\n", {}, "not a PNG"),
    ],
    ids=["another size", "bomb", "absurd", "limit", "PostScript", "nothing", "magic"],
)
def test_a_picture_that_its_file_does_not_promise_is_an_error_of_its_item(file, settings, reason):
    with pytest.raises(ItemError, match=reason) as caught:
        decompressed(file, **settings)
    assert "the server's answer is damaged" in str(caught.value)


def test_no_picture_in_another_format_is_read():
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((20, 30, 3), np.uint8)).save(buffer, "TIFF")
    with pytest.raises(ItemError, match="not a PNG"):
        decompressed(buffer.getvalue())


def test_a_batch_asks_for_no_more_at_once_than_it_takes(rest_url, codec):
    """Answers are larger than what is sent, and known from what the files say."""
    from tests.serving.conftest import MODEL

    images = [picture(40, 40, seed=seed) for seed in range(4)]
    files = [codec.compress(image) for image in images]
    with Client(rest_url, MODEL, max_answer_bytes=10_000) as client:
        for result, file in zip(client.decompress_batch(files), files):
            assert np.array_equal(result, codec.decompress(file))


@pytest.mark.parametrize("settings", [{"max_answer_bytes": 0}, {"max_pixels": 10**9}])
def test_limits_that_are_none_are_refused(settings):
    with pytest.raises(ConfigError, match="max_answer_bytes is 1 to"):
        Client("http://localhost:1", **settings)


GREEDY = """
import resource, sys
from tests.serving.pictures import picture
from tfcomp.serving import Client
from tfcomp.errors import CodecError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    Client(sys.argv[1], "m", retries=0, max_answer_bytes=8 << 20).compress(picture(8, 8))
except CodecError:
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted otherwise elsewhere")
@pytest.mark.parametrize("kind", ["endless", "gzip", "lists"])
def test_a_limit_of_8_mib_costs_no_more_than_a_few_times_that(kind):
    if kind == "endless":
        talk = endless(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    elif kind == "gzip":
        talk = answering(gzip.compress(bytes(400 << 20)), "Content-Encoding: gzip")
    else:
        talk = answering(b'{"outputs":' + b"[" + b"[]," * 2_000_000)
    with rogue(talk) as url:
        done = subprocess.run(
            [sys.executable, "-c", GREEDY, url], capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 60


def test_a_grpc_answer_above_the_limit_is_a_serving_error():
    for compressed in (False, True):
        with rogue_grpc(bytes(2 * LIMIT), compressed) as url:
            client = Client(url, "m", retries=0, max_answer_bytes=LIMIT, timeout=20)
            match = "refuses" if compressed else f"more than {LIMIT} bytes"
            with client, pytest.raises(ServingError, match=match):
                client.compress(IMAGE)


def test_a_grpc_answer_of_too_many_values_is_a_serving_error():
    with (
        rogue_grpc(b"", False, count=100_000) as url,
        Client(url, "m", retries=0) as client,
        pytest.raises(CodecError, match="too many values"),
    ):
        client.compress(IMAGE)


def rogue_grpc(content, compressed, count=1):
    import contextlib
    from concurrent import futures

    import grpc
    from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

    class Service(prediction_service_pb2_grpc.PredictionServiceServicer):
        def Predict(self, request, context):
            answer = predict_pb2.PredictResponse()
            for name in ("compressed_bytes", "error"):
                answer.outputs[name].dtype = 7
                answer.outputs[name].string_val.extend([content] * count)
            return answer

    @contextlib.contextmanager
    def serving():
        packing = grpc.Compression.Gzip if compressed else grpc.Compression.NoCompression
        server = grpc.server(
            futures.ThreadPoolExecutor(1),
            compression=packing,
            options=[("grpc.max_send_message_length", -1)],
        )
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Service(), server)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        try:
            yield f"grpc://127.0.0.1:{port}"
        finally:
            server.stop(0).wait(10)

    return serving()

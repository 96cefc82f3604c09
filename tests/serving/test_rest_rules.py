"""The contract server keeps TensorFlow Serving's rules of JSON, and the export its signatures."""

import base64
import json

import pytest
import urllib3

from tests.serving.conftest import MODEL, PATIENCE
from tests.serving.pictures import as_file, picture


def b64(content):
    return {"b64": base64.b64encode(content).decode()}


@pytest.fixture
def post(rest_url):
    """post(body, model) -> (HTTP status, parsed JSON)."""

    def post(body, model=MODEL):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = f"{rest_url}/v1/models/{model}:predict"
        response = urllib3.request(
            "POST", url, body=content, retries=False, timeout=PATIENCE
        )
        assert response.headers["Content-Type"] == "application/json"
        return response.status, json.loads(response.data)

    return post


def test_by_column_and_by_row_give_the_same(post, codec):
    images = [picture(9, 12), picture(20, 8)]
    files = [as_file(image) for image in images]
    expected = [b64(codec.compress(image, quality=2)) for image in images]
    by_column = {"image_bytes": [b64(file) for file in files], "quality": [2, 2]}
    status, answer = post({"signature_name": "compress", "inputs": by_column})
    assert status == 200
    assert answer == {"outputs": {"compressed_bytes": expected, "error": ["", ""]}}
    by_row = [{"image_bytes": b64(file), "quality": 2} for file in files]
    status, answer = post({"signature_name": "compress", "instances": by_row})
    assert status == 200
    assert answer == {"predictions": [{"compressed_bytes": e, "error": ""} for e in expected]}


def test_the_default_signature_decompresses(post, codec):
    file = codec.compress(picture(9, 12), quality=2)
    answers = [
        post({"instances": [b64(file), b64(file[:-1])]}),
        post({"signature_name": "decompress", "instances": [b64(file), b64(file[:-1])]}),
        post({"instances": [{"compressed_bytes": b64(file)}, {"compressed_bytes": b64(b"x")}]}),
    ]
    assert [status for status, _ in answers] == [200, 200, 200]
    assert answers[0] == answers[1]
    for _, answer in answers:
        first, second = answer["predictions"]
        assert first["error"] == "" and second["error"].startswith("item 1: ")
        assert base64.b64decode(first["image_bytes"]["b64"]).startswith(b"\x89PNG")
        assert second["image_bytes"] == {"b64": ""}


@pytest.mark.parametrize(
    "body, said",
    [
        (b"{", "JSON Parse error"),
        (b"[]", "Is not object"),
        ({}, "Missing 'inputs' or 'instances' key"),
        ({"inputs": {}, "instances": []}, "expecting only one of"),
        ({"signature_name": "compress", "inputs": {"quality": [1]}}, "Missing named input"),
        ({"signature_name": "compress", "instances": [b64(b"x")]}, "plain list"),
        ({"instances": [{"b64": "no base64!"}]}, "Unable to base64 decode"),
        ({"instances": [7]}, "not of expected type"),
        ({"signature_name": "encode", "instances": [b64(b"x")]}, '"encode" not found'),
        (
            {"signature_name": "compress", "inputs": {"image_bytes": ["x"], "quality": [1.5]}},
            "not of expected type: int32",
        ),
    ],
)
def test_what_breaks_the_rules_is_a_400_that_says_how(post, body, said):
    status, answer = post(body)
    assert status == 400
    assert list(answer) == ["error"] and said in answer["error"]


def test_an_unknown_model_is_a_404(post):
    status, answer = post({"instances": [b64(b"x")]}, model="other")
    assert status == 404 and answer == {"error": "Servable not found for request: Latest(other)"}


def test_the_models_state_is_told(rest_url):
    response = urllib3.request("GET", f"{rest_url}/v1/models/{MODEL}")
    (version,) = response.json()["model_version_status"]
    assert (version["version"], version["state"]) == ("1", "AVAILABLE")

"""A tiny exported codec, and real servers on loopback by TensorFlow Serving's rules."""

import contextlib
import threading

import pytest

import tfcomp
from tests import hyperprior_export
from tests.serving.pictures import as_file, picture

MODEL = "tiny"
PATIENCE = 300  # s, on a machine that has much else to do


@pytest.fixture(scope="session")
def export(tmp_path_factory):
    """The folder that `export.py --saved-model` writes for a tiny model with a hyperprior."""
    run = hyperprior_export.make_run(tmp_path_factory.mktemp("runs") / MODEL)
    out = tmp_path_factory.mktemp("exports") / MODEL
    return hyperprior_export.export(run, out, "--saved-model")


@pytest.fixture(scope="session")
def codec(export):
    """The same model on this machine, without a server."""
    return tfcomp.load(export)


@pytest.fixture(scope="session")
def _servers(export):
    from tests.serving.grpc_server import serve_grpc
    from tests.serving.rest_server import serve_rest
    from tests.serving.served_model import ServedModel

    model = ServedModel(export, MODEL)
    model.warm_up(as_file(picture(16, 16)))
    with contextlib.ExitStack() as stack:
        rest = stack.enter_context(serve_rest(model))
        grpc = stack.enter_context(serve_grpc(model))
        yield model, {"rest": f"http://127.0.0.1:{rest}", "grpc": f"grpc://127.0.0.1:{grpc}"}


def wait_for_requests_under_way():
    """A batch that is given up leaves requests behind, which the next test must not count."""
    for thread in threading.enumerate():
        if thread.name.startswith("tfcomp-serving"):
            thread.join(PATIENCE)


@pytest.fixture
def served(_servers):
    """The model that is served, with its faults and delays, all off."""
    _servers[0].reset()
    yield _servers[0]
    _servers[0].reset()  # no delay for what is still under way
    wait_for_requests_under_way()


@pytest.fixture
def rest_url(_servers, served):
    return _servers[1]["rest"]


@pytest.fixture(params=["rest", "grpc"])
def url(request, _servers, served):
    """The address of the server, once for each protocol."""
    return _servers[1][request.param]


@pytest.fixture
def client(url):
    from tfcomp.serving import Client

    with Client(url, MODEL, timeout=PATIENCE) as client:
        yield client
        wait_for_requests_under_way()  # a closed channel would lose sight of them

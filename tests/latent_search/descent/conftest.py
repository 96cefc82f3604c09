"""Two tiny bundles, one of each kind of entropy model."""

import pytest

from tests import hyperprior_factory
from tests.bundle_factory import write_bundle


@pytest.fixture(scope="session")
def factorized_folder(tmp_path_factory):
    """Its tables make large values dear, so that there is something to gain."""
    return write_bundle(tmp_path_factory.mktemp("bundles") / "tiny", spread=0.7)


@pytest.fixture(scope="session")
def hyperprior_folder(tmp_path_factory):
    from tfcomp.export import bundle

    path = tmp_path_factory.mktemp("bundles") / "hyper"
    model = hyperprior_factory.lively_model()
    bundle.write_bundle(model, hyperprior_factory.tiny_config(), path, "hyper")
    return path


@pytest.fixture(params=["factorized", "hyperprior"])
def folder(request):
    """Each of the two bundle folders in turn."""
    names = {"factorized": "factorized_folder", "hyperprior": "hyperprior_folder"}
    return request.getfixturevalue(names[request.param])

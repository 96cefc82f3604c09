"""Every kind of entropy model answers what the rest of tfcomp asks one."""

import json
from typing import NamedTuple

import pytest

from tfcomp.entropy_kinds.bits.layout import NOTHING, BitLayout
from tfcomp.entropy_kinds.hyperprior.layout import Layout
from tfcomp.entropy_kinds.prior import Prior
from tfcomp.entropy_kinds.registry import KINDS
from tfcomp.errors import BundleError


class About(NamedTuple):
    channels: int
    qualities: int
    entropy: dict
    distortion_weights: tuple = ()


LAYOUTS = {
    "factorized": None,
    "hyperprior": Layout((4, 12), 1, 3, (2, 1), (9.0, 8.0), 1),
    "bits": BitLayout((4, 12), 0, 8, (4, 16), ((NOTHING, NOTHING),) * 16),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_layout_comes_back_from_its_manifest(name):
    kind = KINDS[name]
    entropy = json.loads(json.dumps({"kind": name, **kind.layout_to_json(LAYOUTS[name])}))
    weights = kind.distortion_weights(LAYOUTS[name])
    found = kind.layout(entropy, About(16, 2, entropy, weights))
    assert found == LAYOUTS[name]
    assert found is None or kind.distortion_weights(found) == weights


@pytest.mark.parametrize("name", ["hyperprior", "bits"])
def test_a_layout_of_other_channels_is_refused(name):
    entropy = json.loads(json.dumps(KINDS[name].layout_to_json(LAYOUTS[name])))
    with pytest.raises(BundleError, match="channels"):
        KINDS[name].layout(entropy, About(15, 2, entropy))


@pytest.mark.parametrize("name", KINDS)
def test_what_says_how_sections_are_read_is_part_of_the_fingerprint(name):
    one, other = ({"kind": name, "groups": [n]} for n in (1, 2))
    covered = KINDS[name].fingerprinted(one) != KINDS[name].fingerprinted(other)
    assert covered == bool(KINDS[name].layout_to_json(LAYOUTS[name]))


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_is_named_as_its_folder_and_has_every_part_there(name):
    kind = KINDS[name]
    assert kind.name == name and type(kind).__module__ == f"tfcomp.entropy_kinds.{name}.kind"
    assert callable(kind.graph.build) and callable(kind.graph.networks)
    priors = [p for p in vars(kind.prior).values() if isinstance(p, type) and issubclass(p, Prior)]
    assert any(type(prior.kind) is type(kind) for prior in priors if prior is not Prior)

"""Numbers for encoders that search: encoder.json, the manifests of old bundles, configurations."""

import json
import shutil

import pytest

from tfcomp.encoder_tuning import ENCODER_TUNING, EncoderTuning
from tfcomp.errors import BundleError
from tfcomp.runtime import installing, registry
from tfcomp.runtime.bundle import Bundle


@pytest.fixture
def shipped(tmp_path):
    """A copy of a shipped bundle without SHA256SUMS, to be changed."""
    folder = tmp_path / "bundle"
    source = registry.find_by_name("cycle-small").path
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("SHA256SUMS"))
    return folder


def _with_old_names(folder, tuning):
    """The bundle as it was before encoder.json: the lists stand in the manifest."""
    path = folder / "manifest.json"
    manifest = {**json.loads(path.read_text()), **tuning.by_old_names()}
    path.write_text(json.dumps(manifest))
    (folder / ENCODER_TUNING).unlink()


def test_bundles_whose_manifest_holds_the_numbers_are_read_as_ever(shipped):
    before = Bundle.read(shipped)
    _with_old_names(shipped, before.tuning)
    after = Bundle.read(shipped)
    assert after.tuning == before.tuning != EncoderTuning()
    assert after.manifest == before.manifest


def test_encoder_json_counts_where_the_manifest_holds_numbers_too(shipped):
    tuning = Bundle.read(shipped).tuning
    _with_old_names(shipped, tuning)
    other = EncoderTuning(rate_gains=(0.125,) * 8)
    (shipped / ENCODER_TUNING).write_bytes(other.render())
    assert Bundle.read(shipped).tuning == other


def test_the_numbers_are_no_part_of_the_fingerprint(shipped):
    before = Bundle.read(shipped).manifest.fingerprint
    (shipped / ENCODER_TUNING).unlink()
    without = Bundle.read(shipped)
    assert without.manifest.fingerprint == before
    assert without.tuning == EncoderTuning() and not without.tuning.has_rounds


def test_installing_takes_the_numbers_along(shipped, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    installed = installing.install(shipped, force=True)
    assert installed.read().tuning == Bundle.read(shipped).tuning != EncoderTuning()


def test_every_quality_has_its_numbers_by_name():
    tuning = EncoderTuning(cycle_gains=(0.0, 0.5), distortion_weights=(15.0, 16.0))
    assert tuning.at(2) == {"cycle_gains": 0.5, "distortion_weights": 16.0}
    assert EncoderTuning().at(1) == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 100_000,
        '{"cycle_gains": [1.0]}',
        '{"cycle_gains": 1.0}',
        '{"cycle_gains": ["1", 1, 1, 1, 1, 1, 1, 1]}',
        '{"cycle_gains": [true, 1, 1, 1, 1, 1, 1, 1]}',
        '{"gradient_gains": [1.1, 1, 1, 1, 1, 1, 1, 1]}',
        '{"rate_gains": [-0.1, 1, 1, 1, 1, 1, 1, 1]}',
        '{"rate_gains": [NaN, 1, 1, 1, 1, 1, 1, 1]}',
        '{"distortion_weights": [0, 1, 1, 1, 1, 1, 1, 1]}',
        '{"distortion_weights": [Infinity, 1, 1, 1, 1, 1, 1, 1]}',
        '{"distortion_weights": [1' + "0" * 400 + ", 1, 1, 1, 1, 1, 1, 1]}",
        '{"distortion_weights": [1' + "0" * 5000 + ", 1, 1, 1, 1, 1, 1, 1]}",
    ],
    ids=lambda text: text[:40],
)
def test_a_wrong_encoder_json_is_refused_in_one_line(shipped, text):
    (shipped / ENCODER_TUNING).write_text(text)
    with pytest.raises(BundleError, match=r"encoder\.json") as refusal:
        Bundle.read(shipped)
    assert "\n" not in str(refusal.value) and str(shipped) in str(refusal.value)


def test_only_a_hyperprior_takes_them(tmp_path):
    folder = tmp_path / "bundle"
    source = registry.find_by_name("cycle-factorized").path
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("SHA256SUMS"))
    (folder / ENCODER_TUNING).write_bytes(EncoderTuning(cycle_gains=(1.0,) * 8).render())
    with pytest.raises(BundleError, match="needs a hyperprior"):
        Bundle.read(folder)


def test_a_configuration_may_name_them_as_it_did():
    config = pytest.importorskip("tfcomp.config")
    pytest.importorskip("dacite")
    gains = [0.5] * 8
    old = {"prior": "hyperprior", "feedback_gains": gains, "feedback_distortion_weights": [9] * 8}
    new = {"prior": "hyperprior", "tuning": {"cycle_gains": gains, "distortion_weights": [9] * 8}}
    read = config.from_dict({"model": old})
    assert read == config.from_dict({"model": new}) == config.from_dict(config.to_dict(read))
    assert read.model.tuning.at(3) == {"cycle_gains": 0.5, "distortion_weights": 9.0}

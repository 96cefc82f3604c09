"""Every family of codecs has what the rest of tfcomp takes from one."""

import pytest

from tfcomp import config
from tfcomp.config import FAMILIES
from tfcomp.export.deployed_transforms import DeployedTransforms
from tfcomp.models.base import CodecModel


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_is_found_by_its_name_with_all_its_parts(name):
    family = FAMILIES[name]
    made = config.from_dict({"model": {"family": name}})
    assert family.name == made.model.family == name
    assert type(made.model) is family.model_config and type(made.loss) is family.loss_config
    assert issubclass(family.model, CodecModel)
    assert issubclass(family.deployed, DeployedTransforms)
    assert callable(family.part("demonstration").make)


def test_no_family_has_settings_of_cycles_feedback():
    for name in set(FAMILIES) - {"cycle"}:
        settings = FAMILIES[name].model_config()
        assert not hasattr(settings, "feedback_gains") and not hasattr(settings, "tuning")


def test_names_that_meant_cycle_without_saying_so_still_do():
    from tfcomp.families.cycle import deployed

    assert config.ModelConfig is FAMILIES["cycle"].model_config
    assert config.LossConfig is FAMILIES["cycle"].loss_config
    assert deployed.DeployedCodec is FAMILIES["cycle"].deployed
    with pytest.raises(AttributeError, match="no attribute"):
        _ = config.NoSuchConfig

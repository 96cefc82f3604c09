import pytest

from tfcomp.errors import ConfigError
from tfcomp.evaluation.curves import RateDifference
from tfcomp.evaluation.gate import Gate, judge


def compare(anchor, codec):
    percent = {"good": -50.0, "fair": -40.0, "bad": -39.9}.get(codec)
    return None if percent is None else RateDifference(percent, 27, 36)


def test_a_gate_holds_every_model_and_is_passed_at_its_very_limit():
    gates = [Gate.parse("anchor=jpeg,max_bd_rate=-40")]
    verdicts = judge(gates, ["good", "fair", "bad"], compare)
    assert [v.passed for v in verdicts] == [True, True, False]
    assert "MISSED" in verdicts[2].line and "-39.9 %" in verdicts[2].line


def test_a_gate_can_hold_one_codec_only():
    gates = [Gate.parse("anchor=jpeg, max_bd_rate=-45, codec=good")]
    assert [v.codec for v in judge(gates, ["bad"], compare)] == ["good"]


def test_a_gate_is_missed_where_there_is_nothing_to_compare():
    (verdict,) = judge([Gate("jpeg", 100.0)], ["elsewhere"], compare)
    assert not verdict.passed


@pytest.mark.parametrize(
    "text",
    ["", "jpeg", "anchor=jpeg", "max_bd_rate=-4", "anchor=jpeg,max_bd_rate=low",
     "anchor=jpeg,max_bd_rate=nan", "anchor=,max_bd_rate=-4", "anchor=jpeg,max_bd_rate=-4,x=1",
     "anchor=jpeg,anchor=webp,max_bd_rate=-4"],
)  # fmt: skip
def test_a_gate_that_cannot_be_read_is_refused(text):
    with pytest.raises(ConfigError, match="gate"):
        Gate.parse(text)

import pytest

from tfcomp.errors import ConfigError
from tfcomp.evaluation.curves import Point, bd_rate
from tfcomp.evaluation.published import chosen_curves, published_curves

KODAK = [f"kodim{number:02d}" for number in range(1, 25)]


def test_every_published_curve_names_its_paper_and_where_its_figures_are_from():
    curves = published_curves()
    assert [curve.name for curve in curves] == ["balle2017", "balle2018", "cheng2020", "elic"]
    for curve in curves:
        assert "arXiv:" in curve.paper and "/kodak/" in curve.source
        rates, psnrs = zip(*curve.points)
        assert list(rates) == sorted(rates) and list(psnrs) == sorted(psnrs)


def test_each_is_better_than_the_one_before():
    curves = [[Point(0, *point) for point in curve.points] for curve in published_curves()]
    for older, newer in zip(curves, curves[1:]):
        assert bd_rate(older, newer).percent < -3


def test_they_are_shown_by_themselves_on_the_images_they_are_about():
    assert len(chosen_curves("auto", KODAK)) == 4
    assert chosen_curves("auto", KODAK[:23]) == []
    assert chosen_curves("none", KODAK) == []
    assert len(chosen_curves("all", ["mine"])) == 4
    assert [c.name for c in chosen_curves("elic, balle2017", [])] == ["elic", "balle2017"]


def test_an_unknown_one_is_refused():
    with pytest.raises(ConfigError, match="lena"):
        chosen_curves("elic,lena", KODAK)

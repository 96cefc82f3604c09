"""report.html: one self-contained page."""

from __future__ import annotations

import importlib.resources
import math
from typing import Any, Dict, List, Optional, Tuple

from tfcomp.evaluation import equal_rate
from tfcomp.evaluation.contestants import MODEL
from tfcomp.evaluation.enhancement_comparison import EnhancedRow
from tfcomp.evaluation.gallery import Comparison, Picture
from tfcomp.evaluation.lpips import BACKBONE
from tfcomp.evaluation.plot import colours
from tfcomp.evaluation.results import Results, finite


def render(results: Results, comparisons: List[Comparison]) -> bytes:
    """Renders the page, UTF-8.

    Args:
      results: of the benchmark.
      comparisons: pictures to show, worst first.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_part),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(signed=_signed, number=_number)
    page = environment.get_template("page.html").render(
        results=results,
        headline=_headline(results),
        rows=_rows(results),
        images=_image_rows(results),
        comparisons=comparisons,
        rates=_rates(comparisons),
        model=MODEL,
        data=_data(results, comparisons),
        has_lpips=any(m.lpips is not None for e in results.entries for m in e.measurements),
        backbone=BACKBONE,
        equal_rate=equal_rate.winners(results.entries),
        metrics=equal_rate.METRICS,
        enhanced=_enhanced(results),
    )
    return page.encode("utf-8")


def _part(name: str) -> str:
    folder = importlib.resources.files("tfcomp.evaluation").joinpath("report_page")
    return folder.joinpath(name).read_text(encoding="utf-8")


def _headline(results: Results) -> str:
    """The result in a sentence."""
    anchor = results.anchor
    found = [e for e in results.entries if e.name != anchor and e.bd is not None]
    models = [e for e in found if e.kind == MODEL] or found
    wanted = [e for e in results.entries if e.kind == MODEL and e.name != anchor]
    if not found or (wanted and not any(e.kind == MODEL for e in found)):
        others = wanted or [e for e in results.entries if e.name != anchor]
        if not others:
            return f"{results.entries[0].name}: no other codec to compare it with."
        return f"{others[0].name} against {anchor}: {others[0].bd_missing}."
    best = min(models, key=lambda e: e.bd.percent if e.bd else 0)
    assert best.bd is not None
    less = "fewer" if best.bd.percent < 0 else "more"
    return (
        f"{best.name} takes {abs(best.bd.percent):.1f} % {less} bytes than {anchor} for the same "
        f"PSNR, from {best.bd.low:.1f} to {best.bd.high:.1f} dB."
    )


def _rows(results: Results) -> List[Dict[str, Any]]:
    """The table of contestants, best first."""
    rows = []
    for entry, colour in zip(results.entries, colours(results)):
        encode, decode = entry.speeds()
        rows.append(
            {
                "entry": entry,
                "colour": colour,
                "encode": encode,
                "decode": decode,
                "is_anchor": entry.name == results.anchor,
            }
        )
    return sorted(rows, key=lambda row: row["entry"].bd.percent if row["entry"].bd else 1e9)


def _rates(comparisons: List[Comparison]) -> str:
    """Bits/pixel of the first contestant's pictures, from the smallest to the largest."""
    found = [f"{each.pictures[0].bpp:.2g}" for each in comparisons]
    low, high = min(found, key=float, default=""), max(found, key=float, default="")
    return low if low == high else f"{low} to {high}"


def _image_rows(results: Results) -> List[Dict[str, Any]]:
    """BD-rate of every contestant on every image, worst for the first contestant first."""
    others = [e for e in results.entries if e.name != results.anchor]
    rows = [
        {"image": name, "size": size, "bds": [e.bd_per_image.get(name) for e in others]}
        for name, size in results.images.items()
    ]

    def badness(row: Dict[str, Any]) -> float:
        first = row["bds"][0] if row["bds"] else None
        return first.percent if first else -1e9

    return sorted(rows, key=badness, reverse=True)


def _enhanced(results: Results) -> List[Tuple[EnhancedRow, EnhancedRow]]:
    """Every row, and the same codec's row without a filter."""
    rows = results.enhancement.rows if results.enhancement else []
    plain = {(row.codec, row.quality): row for row in rows if row.filter == "none"}
    return [(row, plain[row.codec, row.quality]) for row in rows]


def _data(results: Results, comparisons: List[Comparison]) -> Dict[str, Any]:
    """What the page's script draws."""
    curves = [
        {
            "name": entry.name,
            "colour": colour,
            "strong": entry.kind == MODEL,
            "dashed": False,
            "points": [
                {"quality": m.quality, "bpp": m.bpp, "psnr": m.psnr, "ms_ssim_db": m.ms_ssim_db}
                for m in entry.means()
            ],
        }
        for entry, colour in zip(results.entries, colours(results))
    ]
    curves += [
        {
            "name": curve.label,
            "colour": "currentColor",
            "strong": False,
            "dashed": True,
            "points": [
                {"quality": None, "bpp": bpp, "psnr": psnr, "ms_ssim_db": None}
                for bpp, psnr in curve.points
            ],
        }
        for curve in results.published
    ]
    gallery = [
        {
            "size": comparison.size,
            "pictures": [
                {"name": "original", "label": "original", "uri": comparison.original},
                *(
                    {
                        "name": p.name,
                        "label": (
                            f"{p.name}, quality {p.quality}: {p.bytes:,} bytes, "
                            f"{p.bpp:.3f} bits/pixel, {_quality(p)}"
                        ),
                        "uri": p.uri,
                    }
                    for p in comparison.pictures
                ),
            ],
        }
        for comparison in comparisons
    ]
    return finite({"curves": curves, "gallery": gallery})


def _quality(picture: Picture) -> str:
    if not math.isfinite(picture.psnr):
        return "lossless"
    similar = picture.ms_ssim_db
    return f"{picture.psnr:.2f} dB" + (f", MS-SSIM {similar:.2f} dB" if similar else "")


def _signed(value: Optional[float], digits: int = 1) -> str:
    """A number with its sign; a dash for None and for what is not finite."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:+.{digits}f}".replace("-", "−")


def _number(value: Optional[float], digits: int = 1) -> str:
    if value is None:
        return "–"
    return f"{value:,.{digits}f}" if math.isfinite(value) else "∞"

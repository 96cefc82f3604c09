"""The best codec by each metric at equal bits/pixel."""

from __future__ import annotations

import math
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

from tfcomp.evaluation.results import Entry

RATES = (0.15, 0.25, 0.5, 1.0)  # bits/pixel
# Field of Measurement -> (name, whether more is better, digits).
METRICS: Dict[str, Tuple[str, bool, int]] = {
    "psnr": ("PSNR, dB", True, 2),
    "ms_ssim_db": ("MS-SSIM, dB", True, 2),
    "lpips": ("LPIPS", False, 4),
    "border_steps": ("steps across borders of 16, over those inside", False, 3),
}


def at_rate(entry: Entry, metric: str, rate: float) -> Optional[float]:
    """The metric on the mean curve at a rate in bits/pixel, linear in the rate's logarithm.

    None if the curve does not reach the rate, or the metric was not measured.
    """
    points = sorted(
        (m.bpp, getattr(m, metric))
        for m in entry.means()
        if getattr(m, metric) is not None and math.isfinite(getattr(m, metric))
    )
    if not points or not points[0][0] <= rate <= points[-1][0]:
        return None
    rates, values = zip(*points)
    return float(np.interp(math.log(rate), np.log(rates), values))


def winners(entries: Sequence[Entry]) -> List[Dict[str, object]]:
    """A record for each metric and rate that at least two entries reach.

    Its keys: metric, rate, values (name -> value, None where unknown) and best (a name).
    """
    found: List[Dict[str, object]] = []
    for metric, (_, more_is_better, _) in METRICS.items():
        for rate in RATES:
            values = {entry.name: at_rate(entry, metric, rate) for entry in entries}
            known = {name: value for name, value in values.items() if value is not None}
            if len(known) < 2:
                continue
            choose = max if more_is_better else min
            best = choose(known, key=lambda name: known[name])
            found.append({"metric": metric, "rate": rate, "values": values, "best": best})
    return found


def table(entries: Sequence[Entry]) -> List[str]:
    """The records of `winners` as Markdown lines, the best in bold; empty without records."""
    records = winners(entries)
    if not records:
        return []
    names = [entry.name for entry in entries]
    lines = ["| bits/pixel | measure | " + " | ".join(names) + " |"]
    lines.append("| --- " * (2 + len(names)) + "|")
    for record in records:
        label, _, digits = METRICS[str(record["metric"])]
        values: Dict[str, Optional[float]] = record["values"]  # type: ignore[assignment]
        cells = []
        for name in names:
            value = values[name]
            text = "-" if value is None else f"{value:.{digits}f}"
            cells.append(f"**{text}**" if name == record["best"] else text)
        lines.append(f"| {record['rate']} | {label} | " + " | ".join(cells) + " |")
    return lines

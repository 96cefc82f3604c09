"""rd.png: rate-distortion curves for a slide or a paper."""

from __future__ import annotations

import io
from typing import Any, List

from tfcomp.evaluation.contestants import MODEL
from tfcomp.evaluation.results import Results

# Okabe and Ito's palette, which the colour-blind can tell apart; the same in the report.
COLOURS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f6a00", "#8a8a8a")


def colours(results: Results) -> List[str]:
    """A colour for each entry, in their order."""
    return [COLOURS[i % len(COLOURS)] for i in range(len(results.entries))]


def rate_distortion_png(results: Results) -> bytes:
    """A PNG of PSNR and, where it is known, MS-SSIM in dB over bits/pixel: means over images."""
    from matplotlib.figure import Figure

    metrics = [("psnr", "PSNR, dB")]
    if any(m.ms_ssim_db is not None for entry in results.entries for m in entry.measurements):
        metrics.append(("ms_ssim_db", "MS-SSIM, dB"))
    figure = Figure(figsize=(7.2 * len(metrics), 5.6), layout="constrained")
    for axes, (metric, label) in zip(figure.subplots(1, len(metrics), squeeze=False)[0], metrics):
        _draw(axes, results, metric)
        axes.set_xlabel("bits/pixel, whole files")
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
        axes.legend(fontsize=9, loc="lower right")
    count = len(results.images)
    what = "8-bit pixels" if results.image.is_rgb8 else f"samples, {results.image}"
    figure.suptitle(f"Mean over {count} image{'s' if count > 1 else ''}, decoded {what}")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    return buffer.getvalue()


def _draw(axes: Any, results: Results, metric: str) -> None:
    for entry, colour in zip(results.entries, colours(results)):
        points = [(m.bpp, getattr(m, metric)) for m in entry.means()]
        points = [p for p in points if p[1] is not None]
        strong = entry.kind == MODEL
        label = entry.name
        if entry.bd is not None and entry.name != results.anchor:
            label += f" ({entry.bd.percent:+.1f} % against {results.anchor})"
        axes.plot(
            *zip(*points),
            marker="o",
            markersize=4,
            linewidth=2.4 if strong else 1.4,
            zorder=3 if strong else 2,
            color=colour,
            label=label,
        )
    if metric != "psnr":
        return
    for curve, style in zip(results.published, ("--", "-.", ":", (0, (5, 1, 1, 1)))):
        label = f"{curve.label}, published"
        axes.plot(*zip(*curve.points), linestyle=style, color="0.45", linewidth=1.2, label=label)
    measured = [m.bpp for entry in results.entries for m in entry.means()]
    axes.set_xlim(0, min(max(measured) * 1.03, max(2.6, min(measured) * 4)))

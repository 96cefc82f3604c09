"""The model card of a bundle: its manifest as Markdown for people."""

from __future__ import annotations

from typing import Any, Sequence

_TEMPLATE = """# {name}

{family} codec for tfcomp, {qualities} quality levels in one set of weights.

    tfcomp compress photo.png --model {name} --quality {default_quality}

| | |
| --- | --- |
| fingerprint | `{fingerprint}` |
| latents | {channels} channels, one for every {stride}x{stride} pixels |
| weights stored as | {weights}{derivative} |
| terms of the weights | {licence} |{authors}

## Training

{training}
{tuning}
## Measured

{figures}

## Limits

{made_for}
Lossy: never decode and encode again where the pixels must stay exact.
{environment}"""
_TUNING = """
## Encoder

Thresholds and gains of the encoder are those of least {objective}, counted on whole files of
{pictures}. The change beside the run's own numbers:

{table}
"""
_ENVIRONMENT = """
## Made with

{lines}
"""

_PHOTOGRAPHS = (
    "Made for photographs in 8-bit sRGB: text, line art and screen shots cost more than in PNG or "
    "WebP."
)
_FACES = (
    "Takes pictures of {}x{} pixels only, like those it was trained on, and makes what it can of\n"
    "others. It keeps what a picture shows, not who: never tell people apart by what it gives back."
)

_NOT_MEASURED = (
    "Not measured yet: `python export.py --measure PICTURES --out FOLDER` fills this in, from a "
    "folder of\npictures that were not trained on."
)

_WEIGHTS = {
    "none": "float32",
    "float16": "float16",
    "dynamic": "int8 (dynamic range)",
    "int8": "int8 (full integer)",
}
_DERIVATIVE = "; the decoder's derivative, for encoders only, as int8"


def render(manifest: dict[str, Any], derivative: bool) -> str:
    """Markdown text of a bundle's README.md, from its manifest.

    Args:
      manifest: the object of manifest.json.
      derivative: whether the bundle holds the decoder's derivative.
    """
    training = "\n".join(f"- {key}: {value}" for key, value in manifest["training"].items())
    points = manifest["rate_distortion"]
    fixed_size = manifest.get("fixed_size")
    figures = _NOT_MEASURED
    if points:
        heading = manifest.get("measured", "")
        figures = (heading + "\n\n" if heading else "") + _table(points)
    return _TEMPLATE.format(
        **{
            **manifest,
            "training": training or "Not recorded.",
            "figures": figures,
            "authors": f"\n| trained by | {manifest['authors']} |" if "authors" in manifest else "",
            "tuning": _tuning(manifest["tuning"]) if "tuning" in manifest else "",
            "environment": _environment(manifest.get("environment")),
        },
        made_for=_FACES.format(*fixed_size) if fixed_size else _PHOTOGRAPHS,
        weights=_WEIGHTS[manifest["quantization"]],
        derivative=_DERIVATIVE if derivative else "",
    )


def _table(points: Sequence[dict[str, Any]]) -> str:
    similar = any(point.get("ms_ssim") is not None for point in points)
    lines = ["| quality | bits/pixel | PSNR dB |", "| --- | --- | --- |"]
    lines += [f"| {p['quality']} | {p['bpp']:.4f} | {_number(p['psnr'], 2)} |" for p in points]
    if similar:
        more = [" MS-SSIM |", " --- |", *(f" {_number(p.get('ms_ssim'), 4)} |" for p in points)]
        lines = [line + cell for line, cell in zip(lines, more)]
    return "\n".join(lines)


def _tuning(record: dict[str, Any]) -> str:
    """What `tfcomp release` recorded of its search (tfcomp/release/tuning.py)."""
    rounds = ", ".join(map(str, record["rounds"]))
    lines = [f"| quality | without rounds | mean of {rounds} rounds |", "| --- | --- | --- |"]
    for cost in record["costs"]:
        changes = [_change(cost[f"{kind}_before"], cost[kind]) for kind in ("plain", "searched")]
        lines.append(f"| {cost['quality']} | {changes[0]} | {changes[1]} |")
    return _TUNING.format(**record, table="\n".join(lines))


def _change(before: float, after: float) -> str:
    return f"{100 * (after / before - 1):+.2f} %"


def _environment(found: dict[str, Any] | None) -> str:
    if found is None:
        return ""
    packages = ", ".join(f"{name} {version}" for name, version in found["packages"].items())
    where = f"{found['system']}, {found['processor']}"
    lines = (f"- Python {found['python']}, {packages}", f"- {where}")
    return _ENVIRONMENT.format(lines="\n".join(lines))


def _number(value: float | None, digits: int) -> str:
    """The number, or a dash for None: PSNR of lossless files, MS-SSIM of small pictures."""
    return "–" if value is None else f"{value:.{digits}f}"

"""The results of a benchmark, and their files results.json and results.csv."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import math
import statistics
from pathlib import Path
from typing import Any, Collection, Dict, Iterable, List, Optional, Sequence, Tuple

from tfcomp.evaluation.contestants import CODEC
from tfcomp.evaluation.curves import Point, RateDifference, bd_rate, why_incomparable
from tfcomp.evaluation.enhancement_comparison import Enhancement
from tfcomp.evaluation.gate import Verdict
from tfcomp.evaluation.macs import MacsPerPixel
from tfcomp.evaluation.measuring import Measurement
from tfcomp.evaluation.published import PublishedCurve
from tfcomp.image_spec import RGB8, ImageSpec

FORMAT_VERSION = 1
MEAN = "mean"  # stands for the image's name in means
# Fields that differ between two runs of a benchmark on one machine.
_UNSTEADY = frozenset(
    ("encode_mpx_s", "decode_mpx_s", "encode_runs", "decode_runs")
    + ("baseline_mib", "peak_mib", "timing")
)


@dataclasses.dataclass
class Entry:
    """One contestant's results.

    Attributes:
      name: as it was asked for. kind: "model" or "codec". description: versions and settings.
      measurements: one per image and quality.
      baseline_mib, peak_mib: peak resident memory of its process before the codec was opened, and
        after all was coded; None where the system does not tell.
      macs: of models; None for classical codecs.
      bd: against the anchor, on the mean curves. bd_per_image: the same image by image.
        Both are None if the curves share no PSNR, and 0 for the anchor itself.
      bd_missing: why there is no `bd`, in a few words; None if there is one.
    """

    name: str
    kind: str
    description: str
    measurements: List[Measurement]
    baseline_mib: Optional[float]
    peak_mib: Optional[float]
    macs: Optional[MacsPerPixel] = None
    bd: Optional[RateDifference] = None
    bd_per_image: Dict[str, Optional[RateDifference]] = dataclasses.field(default_factory=dict)
    bd_missing: Optional[str] = None

    def means(self) -> List[Measurement]:
        """Per quality, over the images: means of rate and quality, medians of speed."""
        qualities = sorted({m.quality for m in self.measurements})
        return [_mean([m for m in self.measurements if m.quality == q]) for q in qualities]

    def mean_curve(self) -> List[Point]:
        """Mean bits/pixel and mean PSNR at each quality."""
        return _points(self.means())

    def image_curve(self, image: str) -> List[Point]:
        return _points(m for m in self.measurements if m.image == image)

    def speeds(self) -> Tuple[float, float]:
        """(encode, decode) in Mpx/s, medians over all images and qualities."""
        return (
            statistics.median(m.encode_mpx_s for m in self.measurements),
            statistics.median(m.decode_mpx_s for m in self.measurements),
        )


@dataclasses.dataclass
class Results:
    """A whole run.

    Attributes:
      folder: of the images. images: name -> (width, height).
      entries: models first, then codecs, as asked for.
      missing: one line about each codec that is not installed.
      anchor: name of the entry that BD-rates refer to. psnr_range: dB they are limited to, if any.
      published: curves to show beside; published_bd: theirs against the anchor, by name.
      verdicts: of the gates. environment: versions, machine, how it was timed.
      enhancement: the post-filters' results; None if none were asked for.
      image: what the images are; results.json says it of others than 8-bit RGB.
    """

    folder: str
    images: Dict[str, Tuple[int, int]]
    entries: List[Entry]
    missing: List[str]
    anchor: str
    psnr_range: Optional[Tuple[float, float]]
    published: List[PublishedCurve]
    published_bd: Dict[str, Optional[RateDifference]]
    verdicts: List[Verdict]
    environment: Dict[str, Any]
    enhancement: Optional[Enhancement] = None
    image: ImageSpec = RGB8

    def entry(self, name: str) -> Entry:
        return next(entry for entry in self.entries if entry.name == name)


def compare_with_anchor(
    entries: Sequence[Entry], anchor: Entry, psnr_range: Optional[Tuple[float, float]]
) -> None:
    """Fills in every entry's BD-rates."""
    images = list(dict.fromkeys(m.image for m in anchor.measurements))
    anchor_curve = anchor.mean_curve()
    for entry in entries:
        curve = entry.mean_curve()
        entry.bd = bd_rate(anchor_curve, curve, psnr_range)
        entry.bd_missing = why_incomparable(anchor_curve, curve) if entry.bd is None else None
        entry.bd_per_image = {
            image: bd_rate(anchor.image_curve(image), entry.image_curve(image), psnr_range)
            for image in images
        }


def to_json(results: Results, reproducible: bool = False) -> bytes:
    """results.json. Infinite PSNR, of a lossless file, is null.

    Args:
      results: of a run.
      reproducible: what a bundle keeps, the same bytes each time: no speeds, no memory, only the
        name of the images' folder, and only mean curves of the codecs.
    """
    plain = {"format_version": FORMAT_VERSION, **dataclasses.asdict(results)}
    plain["image"] = results.image.to_json()
    if results.image.is_rgb8:
        del plain["image"]
    for entry, record in zip(results.entries, plain["entries"]):
        encode, decode = entry.speeds()
        record["mean"] = [dataclasses.asdict(m) for m in entry.means()]
        record["encode_mpx_s"], record["decode_mpx_s"] = encode, decode
    if reproducible:
        plain = {**_without(plain, _UNSTEADY), "folder": Path(results.folder).resolve().name}
        for record in plain["entries"]:
            if record["kind"] == CODEC:
                del record["measurements"], record["bd_per_image"]
    return (json.dumps(finite(plain), indent=1, allow_nan=False) + "\n").encode()


def _without(value: Any, names: Collection[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(item, names) for key, item in value.items() if key not in names}
    return [_without(item, names) for item in value] if isinstance(value, list) else value


def to_csv(results: Results) -> bytes:
    """results.csv: a line per contestant, image and quality, and one per quality for the mean."""
    columns = [field.name for field in dataclasses.fields(Measurement)]
    text = io.StringIO()
    writer = csv.DictWriter(text, ["codec", "kind", *columns], lineterminator="\n")
    writer.writeheader()
    for entry in results.entries:
        for measurement in [*entry.measurements, *entry.means()]:
            row = dataclasses.asdict(measurement)
            writer.writerow({"codec": entry.name, "kind": entry.kind, **row})
    return text.getvalue().encode()


def _mean(measurements: Sequence[Measurement]) -> Measurement:
    def mean(field: str) -> Any:
        values = [getattr(m, field) for m in measurements if getattr(m, field) is not None]
        return statistics.fmean(values) if values else None

    return Measurement(
        image=MEAN,
        quality=measurements[0].quality,
        bytes=round(mean("bytes")),
        bpp=mean("bpp"),
        psnr=mean("psnr"),
        ms_ssim=mean("ms_ssim"),
        ms_ssim_db=mean("ms_ssim_db"),
        encode_mpx_s=statistics.median(m.encode_mpx_s for m in measurements),
        decode_mpx_s=statistics.median(m.decode_mpx_s for m in measurements),
        encode_runs=sum(m.encode_runs for m in measurements),
        decode_runs=sum(m.decode_runs for m in measurements),
        lpips=mean("lpips"),
        border_steps=mean("border_steps"),
    )


def _points(measurements: Iterable[Measurement]) -> List[Point]:
    return [Point(m.quality, m.bpp, m.psnr) for m in measurements]


def finite(value: Any) -> Any:
    """The value for JSON, which has neither infinity nor NaN: None in their place."""
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

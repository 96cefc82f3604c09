"""What a bundle's manifest and card say of its rate and quality, measured like a benchmark."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path
from typing import Any, Dict, Optional, Sequence, Tuple

from tqdm import tqdm

from tfcomp.errors import OutputError
from tfcomp.evaluation.classical import JPEG
from tfcomp.evaluation.contestants import CODEC, MODEL, Contestant, Model
from tfcomp.evaluation.curves import bd_rate
from tfcomp.evaluation.images import image_files, read_pixels
from tfcomp.evaluation.measuring import Measurement, measure
from tfcomp.evaluation.results import Entry, finite
from tfcomp.networks.interpreter import available_threads
from tfcomp.runtime.bundle import Bundle


def measured(bundle: Path, pictures: Path) -> Dict[str, Any]:
    """Codes every picture of a folder at every quality of a bundle, as the benchmark does.

    Args:
      bundle: its folder, which need not be in its place yet.
      pictures: a folder, and those within. They should not be those that it was trained on.

    Returns:
      manifest entries: "rate_distortion", a list with quality, bpp, psnr and, where some picture is
      large enough, ms_ssim: means over the pictures; null where every file is lossless. And
      "measured", what that was measured on, with the BD-rate against JPEG, in one line.

    Raises:
      CodecError: the folder holds no pictures, one cannot be read, or is not of the model's size.
    """
    files = [(path.relative_to(pictures).as_posix(), path) for path in image_files(pictures)]
    model = Model(os.fspath(bundle), num_threads=available_threads())
    model.name = model.codec.bundle.manifest.name
    sizes = {name: read_pixels(path).shape[1::-1] for name, path in files}
    model.require_sizes(sizes)
    total = 2 * len(files) * (len(model.qualities) + len(JPEG.qualities))
    with tqdm(total=total, desc="measuring", unit="step", leave=False, disable=None) as bar:
        own = _entry(model, MODEL, files, bar.update)
        jpeg = _entry(JPEG, CODEC, files, bar.update)
    points = [_point(each) for each in own.means()]
    count = f"{len(files)} picture{'s' if len(files) > 1 else ''}"
    line = f"{pictures.resolve().name} ({count}), whole files, decoded 8-bit pixels"
    return {"rate_distortion": finite(points), "measured": line + _against_jpeg(own, jpeg) + "."}


def measure_written(folder: Path, pictures: Path) -> Dict[str, Any]:
    """`measured` of a bundle that was exported before.

    Returns:
      its manifest with what was found, to be written by `bundle.write_manifest`.

    Raises:
      CodecError: as `measured`; or the folder holds no sound bundle.
    """
    if not (folder / "manifest.json").is_file():
        raise OutputError(
            f"{folder} holds no bundle to measure: give --tflite to write one, or another --out"
        )
    Bundle.read(folder)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return {**manifest, **measured(folder, pictures)}


def _entry(
    contestant: Contestant, kind: str, files: Sequence[Tuple[str, Path]], on_step: Any
) -> Entry:
    found, _ = measure(contestant, files, 1, on_step)
    return Entry(contestant.name, kind, contestant.describe(), found, None, None)


def _point(mean: Measurement) -> Dict[str, Optional[float]]:
    point: Dict[str, Optional[float]] = {
        "quality": mean.quality,
        "bpp": mean.bpp,
        "psnr": mean.psnr,
    }
    return point if mean.ms_ssim is None else {**point, "ms_ssim": mean.ms_ssim}


def _against_jpeg(own: Entry, jpeg: Entry) -> str:
    if importlib.util.find_spec("bjontegaard") is None:
        return ""
    found = bd_rate(jpeg.mean_curve(), own.mean_curve())
    if found is None:
        return ""
    settings = ", ".join(f"{key}={value}" for key, value in JPEG.settings.items())
    return (
        f"; BD-rate against Pillow's JPEG ({settings}) at equal PSNR: {found.percent:+.1f} % "
        f"({found.low:.1f} to {found.high:.1f} dB)"
    )

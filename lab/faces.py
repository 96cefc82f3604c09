"""Faces in a few hundred bits: how small, how like, and whether gender survives.

    python -m lab.faces FACES --model vaegan-faces --judge judge.weights.h5 --out DIR

Writes DIR/faces.md, faces.json and contact_sheet.png. Bytes are those of whole files. Gender is
named by a judge that is trained here on the originals of the training split, where there is none
yet, and asked about people of 16 years and more of the test split. JPEG, WebP and AVIF stand beside
at their smallest setting, on the pictures themselves and on pictures shrunk first and enlarged
after decoding.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from lab.contact_sheet import contact_sheet
from lab.face_pictures import ADULT_AGE, read_faces
from tfcomp import api
from tfcomp.bitstream.container import parse
from tfcomp.errors import exit_code_of
from tfcomp.evaluation.classical import AVIF, JPEG, WEBP
from tfcomp.evaluation.metrics import psnr

_SHRUNK_SIDES = (32, 24, 16)
_SHEET_FACES = 12
# Of each codec's own scale; WebP's and AVIF's begin at 0.
_SMALLEST = ((JPEG, 1), (WEBP, 0), (AVIF, 0))


@dataclasses.dataclass(frozen=True)
class Row:
    """One codec's figures over the test faces.

    Attributes:
      codec: what the table calls it.
      bytes: mean whole file.
      payload_bits: mean of what is left without header, lengths and checksum; None where the
        format isn't ours.
      psnr: dB, mean over the pictures.
      gender: share of pictures whose gender the judge names.
    """

    codec: str
    bytes: float
    payload_bits: float | None
    psnr: float
    gender: float


def through_model(codec, pixels, quality, refine=0):
    """Every picture through real files of a model.

    Args:
      codec: a `tfcomp.api.Codec`.
      pixels: uint8 [N, H, W, 3].
      quality: int.
      refine: steps of gradient descent on each picture's latents (docs/effort.md).

    Returns:
      (decoded uint8 [N, H, W, 3], file sizes in bytes, sizes of the coded sections in bits)
    """
    decoded, sizes, payloads = [], [], []
    for picture in tqdm(pixels, unit="face", desc=f"quality {quality}", leave=False):
        data = codec.compress(picture, quality, refine=refine)
        decoded.append(codec.decompress(data))
        sizes.append(len(data))
        sections = parse(data, lambda _: codec.bundle).sections
        payloads.append(8 * sum(len(s) for s in sections))
    return np.stack(decoded), sizes, payloads


def through_classical(codec, quality, pixels, side=None):
    """Every picture through a classical codec.

    Args:
      codec: a `tfcomp.evaluation.classical.ClassicalCodec`.
      quality: of its own scale.
      pixels: uint8 [N, H, W, 3].
      side: pixels a side that pictures are shrunk to before; they are enlarged afterwards.

    Returns:
      (decoded uint8 [N, H, W, 3], file sizes in bytes)
    """
    decoded, sizes = [], []
    height, width = pixels.shape[1:3]
    for picture in pixels:
        small = picture if side is None else _resized(picture, (side, side))
        data = codec.encode(small, quality)
        again = codec.decode(data)
        decoded.append(again if side is None else _resized(again, (width, height)))
        sizes.append(len(data))
    return np.stack(decoded), sizes


def _resized(pixels, size):
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def measure(codec, faces, gender_of, refine=0):
    """All rows of the table, and the pictures of each.

    Args:
      codec: the model's `Codec`.
      faces: `lab.face_pictures.Faces` to measure on.
      gender_of: (pixels uint8 [N, H, W, 3]) -> accuracy.
      refine: where not 0, each quality has a second row with as many steps of refinement.

    Returns:
      list of (Row, decoded uint8 [N, H, W, 3]), the model's qualities first.
    """
    results = []

    def add(name, decoded, sizes, payloads=None):
        quality = float(np.mean([psnr(a, b) for a, b in zip(faces.pixels, decoded)]))
        payload = None if payloads is None else float(np.mean(payloads))
        row = Row(name, float(np.mean(sizes)), payload, quality, gender_of(decoded))
        results.append((row, decoded))

    name = codec.info["name"]
    for quality in range(1, codec.qualities + 1):
        label = name if codec.qualities == 1 else f"{name} {quality}"
        add(label, *through_model(codec, faces.pixels, quality))
        if refine:
            refined = through_model(codec, faces.pixels, quality, refine)
            add(f"{label}, --refine {refine}", *refined)
    for classical, lowest in _SMALLEST:
        if classical.missing():
            continue
        add(f"{classical.name}, smallest", *through_classical(classical, lowest, faces.pixels))
        for side in _SHRUNK_SIDES:
            label = f"{classical.name}, smallest, at {side}x{side}"
            add(label, *through_classical(classical, lowest, faces.pixels, side))
    return results


def markdown(rows, original_accuracy, count):
    """The table as Markdown."""
    lines = [
        f"{count} test faces of {ADULT_AGE} years and more; the judge names the gender of "
        f"{100 * original_accuracy:.1f} % of the originals.",
        "",
        "| codec | bytes a file | payload bits | PSNR dB | gender named | of the originals' |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        payload = "" if row.payload_bits is None else f"{row.payload_bits:.0f}"
        kept = row.gender / original_accuracy
        lines.append(
            f"| {row.codec} | {row.bytes:.1f} | {payload} | {row.psnr:.2f} "
            f"| {100 * row.gender:.1f} % | {100 * kept:.1f} % |"
        )
    return "\n".join(lines) + "\n"


def _sheet_columns(faces, results):
    """The originals, our first quality, and the classical codecs nearest to it in bytes."""
    chosen = np.linspace(0, len(faces.age) - 1, _SHEET_FACES).astype(int)
    ours = results[0][0].bytes
    picked, rest = [results[0]], [r for r in results[1:] if r[0].payload_bits is None]
    for name in ("jpeg", "webp", "avif"):
        own = [r for r in rest if r[0].codec.startswith(name + ",")]
        picked += sorted(own, key=lambda r: abs(np.log(r[0].bytes / ours)))[:1]
        picked += [r for r in own if r[0].codec == f"{name}, smallest"][:1]
    columns = [("original", faces.pixels[chosen])]
    columns += [
        (f"{row.codec}\n{row.bytes:.0f} bytes", decoded[chosen]) for row, decoded in picked
    ]
    return columns


def main(arguments=None):
    """Runs the command; returns its exit code: 0, or 2 for bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.faces", description="Measure a codec of faces."
    )
    parser.add_argument("faces", type=Path, help="folder with attributes.csv, train/ and test/")
    parser.add_argument("--model", default="vaegan-faces", help="name or folder of a bundle")
    parser.add_argument("--judge", type=Path, required=True, help=".weights.h5; trained if absent")
    parser.add_argument("--limit", type=int, help="measure on the first N test faces only")
    parser.add_argument(
        "--refine", type=int, default=0, metavar="N", help="measure refined files too, N steps"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    options = parser.parse_args(arguments)
    return exit_code_of("faces", lambda: _run(options))


def _run(options):
    # TensorFlow is needed for the judge alone.
    from lab import gender_judge

    codec = api.load(options.model)
    size = codec.info["fixed_size"]
    side = size[0] if size else None
    judge = gender_judge.obtain(options.judge, read_faces(options.faces, "train", side).adults)
    faces = read_faces(options.faces, "test", side).adults
    if options.limit:
        faces = faces.take(np.arange(len(faces.age)) < options.limit)

    def gender_of(pixels):
        return gender_judge.accuracy(judge, pixels, faces.male)

    original = gender_of(faces.pixels)
    results = measure(codec, faces, gender_of, options.refine)
    options.out.mkdir(parents=True, exist_ok=True)
    rows = [row for row, _ in results]
    table = markdown(rows, original, len(faces.age))
    (options.out / "faces.md").write_text(table, encoding="utf-8")
    values = {"originals": original, "rows": [dataclasses.asdict(row) for row in rows]}
    (options.out / "faces.json").write_text(json.dumps(values, indent=1) + "\n", encoding="utf-8")
    contact_sheet(_sheet_columns(faces, results)).save(options.out / "contact_sheet.png")
    print(table)


if __name__ == "__main__":
    raise SystemExit(main())

r"""Small pictures, where headers weigh: a model against JPEG, WebP and AVIF, with and without them.

    python -m lab.thumbnail_table tfds:cifar10 --data-dir TFDS --model binary \
        --limit 200 --markdown T.md

A thumbnail's file is mostly header: a JPEG of 32x32 pixels starts with more than 300 bytes of
tables. So every codec is measured twice: by whole files, and without everything that a reader of
many such pictures could know beforehand:

    tfcomp   the sections; not magic, version, fingerprint, quality, size, section lengths, CRC
    JPEG     the entropy-coded scan; not its quantisation and Huffman tables, though with
             `optimize` the latter are the picture's own and a reader would need them: too kind
    WebP     the VP8 frame after its 10-byte header; not RIFF and chunk headers (30 bytes in all)
    AVIF     the AV1 data in `mdat`; not ftyp and meta boxes

Quality is that of decoded 8-bit pixels; PSNR is the mean over the pictures.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import sys
from pathlib import Path
from typing import Callable, Dict, List, Optional, Sequence, Tuple

import numpy as np
from tqdm import tqdm

from tfcomp.bitstream.container import parse
from tfcomp.errors import CodecError, exit_code_of
from tfcomp.evaluation.classical import AVIF, JPEG, WEBP
from tfcomp.evaluation.contestants import Contestant, Model
from tfcomp.evaluation.curves import Point, bd_rate
from tfcomp.evaluation.metrics import psnr
from tfcomp.runtime.atomic_file import write_atomically
from tfcomp.runtime.bundle import Bundle

CLASSICAL = (JPEG, WEBP, AVIF)


@dataclasses.dataclass(frozen=True)
class Row:
    """One codec at one quality, means over all pictures.

    Attributes:
      codec, quality: which. psnr: dB.
      file_bytes, stripped_bytes: a picture. pixels: of a picture.
    """

    codec: str
    quality: int
    psnr: float
    file_bytes: float
    stripped_bytes: float
    pixels: float

    @property
    def bpp(self) -> float:
        """Bits/pixel of whole files."""
        return 8 * self.file_bytes / self.pixels

    @property
    def stripped_bpp(self) -> float:
        """Bits/pixel without headers."""
        return 8 * self.stripped_bytes / self.pixels


def tfcomp_payload(data: bytes, bundle: Bundle) -> int:
    """Bytes of a .tfcomp file's sections; bundle: the one that wrote it."""
    return sum(len(section) for section in parse(data, lambda _: bundle).sections)


def jpeg_payload(data: bytes) -> int:
    """Bytes of a baseline JPEG's scan, between its SOS header and EOI."""
    position = 2
    while data[position + 1] != 0xDA:
        position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    position += 2 + int.from_bytes(data[position + 2 : position + 4], "big")
    return len(data) - position - 2


def webp_payload(data: bytes) -> int:
    """Bytes of a plain lossy WebP's VP8 frame after its frame tag, start code and size."""
    if data[12:16] != b"VP8 ":
        raise CodecError("this is no plain lossy WebP file")
    return int.from_bytes(data[16:20], "little") - 10


def avif_payload(data: bytes) -> int:
    """Bytes inside an AVIF file's `mdat` box."""
    position = 0
    while position < len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        if data[position + 4 : position + 8] == b"mdat":
            return (length or len(data) - position) - 8
        if length < 8:
            break
        position += length
    raise CodecError("this AVIF file has no mdat box")


PAYLOADS: Dict[str, Callable[[bytes], int]] = {
    "jpeg": jpeg_payload,
    "webp": webp_payload,
    "avif": avif_payload,
}


def measure(codec: Contestant, quality: int, pictures: Sequence[np.ndarray]) -> Row:
    """Codes every picture, uint8 [H, W, 3], once.

    Raises:
      CodecError: a file is not built as its codec builds them.
    """
    payload: Callable[[bytes], int]
    if isinstance(codec, Model):
        payload = functools.partial(tfcomp_payload, bundle=codec.codec.bundle)
    else:
        payload = PAYLOADS[codec.name]
    files = [codec.encode(picture, quality) for picture in pictures]
    decoded = [codec.decode(data) for data in files]
    return Row(
        codec.name,
        quality,
        float(np.mean([psnr(a, b) for a, b in zip(pictures, decoded)])),
        float(np.mean([len(data) for data in files])),
        float(np.mean([payload(data) for data in files])),
        float(np.mean([picture.shape[0] * picture.shape[1] for picture in pictures])),
    )


def curves(contestants: Sequence[Contestant], pictures: Sequence[np.ndarray]) -> List[List[Row]]:
    """Every contestant at all of its qualities."""
    jobs = [(codec, quality) for codec in contestants for quality in codec.qualities]
    progress = tqdm(jobs, unit="setting", disable=None)
    rows = [measure(codec, quality, pictures) for codec, quality in progress]
    return [[row for row in rows if row.codec == codec.name] for codec in contestants]


def at_psnr(rows: Sequence[Row], level: float) -> Optional[Tuple[float, float]]:
    """Bytes a picture, whole and stripped, that a codec needs for `level` dB.

    Linear in log bytes between two settings; None outside what was measured.
    """
    order = sorted(rows, key=lambda row: row.psnr)
    levels = [row.psnr for row in order]
    if not levels[0] <= level <= levels[-1]:
        return None
    whole = np.interp(level, levels, np.log([row.file_bytes for row in order]))
    stripped = np.interp(level, levels, np.log([row.stripped_bytes for row in order]))
    return float(np.exp(whole)), float(np.exp(stripped))


def difference(anchor: Sequence[Row], test: Sequence[Row], stripped: bool) -> str:
    """BD-rate of test against anchor, as text."""

    def points(rows):
        return [Point(r.quality, r.stripped_bpp if stripped else r.bpp, r.psnr) for r in rows]

    found = bd_rate(points(anchor), points(test))
    if found is None:
        return "no PSNR in common"
    return f"{found.percent:+.1f} % ({found.low:.1f}-{found.high:.1f} dB)"


def markdown(results: Sequence[Sequence[Row]], heading: str) -> str:
    """Tables of the first codec at each quality beside the others at its PSNR, and BD-rates."""
    own, *others = results
    names = [rows[0].codec for rows in others]
    columns = "".join(f"| {name} whole | {name} stripped " for name in names)
    lines = [
        heading,
        "",
        f"| {own[0].codec}, quality | PSNR dB | bits/pixel | whole, bytes | stripped {columns}|",
        "| --- " * (5 + 2 * len(names)) + "|",
    ]
    for row in own:
        cells = [str(row.quality), f"{row.psnr:.2f}", f"{row.bpp:.2f}"]
        cells += [f"{row.file_bytes:.0f}", f"{row.stripped_bytes:.0f}"]
        for rows in others:
            bytes_needed = at_psnr(rows, row.psnr)
            cells += ["-", "-"] if bytes_needed is None else [f"{n:.0f}" for n in bytes_needed]
        lines.append("| " + " | ".join(cells) + " |")
    note = "Bytes a picture; the others at the same PSNR ('-': not reached by any setting)."
    lines += ["", note, ""]
    lines += [f"| {own[0].codec} against | whole files | stripped |", "| --- | --- | --- |"]
    for name, rows in zip(names, others):
        both = [difference(rows, own, stripped) for stripped in (False, True)]
        lines.append(f"| {name} | {both[0]} | {both[1]} |")
    return "\n".join(lines) + "\n"


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Runs the command; returns its exit code, 2 for bad input."""
    parser = argparse.ArgumentParser(prog="python -m lab.thumbnail_table")
    parser.add_argument("source", help="tfds:NAME, folder:PATH or sample")
    parser.add_argument("--data-dir", help="where TFDS keeps data sets")
    parser.add_argument("--model", default="binary", help="installed model or bundle folder")
    parser.add_argument("--split", default="test")
    parser.add_argument("--limit", type=int, default=200, help="how many pictures")
    parser.add_argument("--markdown", type=Path, help="file to write; default: standard output")
    options = parser.parse_args(arguments)
    return exit_code_of("thumbnail_table", lambda: _run(options))


def _run(options: argparse.Namespace) -> None:
    from tfcomp.data.sources import open_source

    source = open_source(options.source, options.data_dir, options.split)
    pictures = [image.numpy() for image in source.images().take(options.limit)]
    model = Model(options.model)
    model.name = model.codec.bundle.manifest.name
    results = curves([model, *CLASSICAL], pictures)
    height, width = pictures[0].shape[:2]
    heading = (
        f"{len(pictures)} pictures of {source.name}, {width}x{height}; {model.describe()}; "
        + "; ".join(codec.describe() for codec in CLASSICAL)
    )
    text = markdown(results, heading)
    if options.markdown:
        write_atomically(options.markdown, text.encode("utf-8"))
    else:
        print(text)


if __name__ == "__main__":
    sys.exit(main())

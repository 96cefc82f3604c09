r"""What parts of pictures and of files are worth: tables of docs/parts.md.

    python -m lab.parts_table progressive KODAK --models cycle,cycle-small --markdown P.md
    python -m lab.parts_table scale KODAK --models cycle --large LARGE.png --markdown S.md
    python -m lab.parts_table tiles LARGE... --models cycle --markdown T.md
    python -m lab.parts_table region LARGE.png --models cycle --markdown R.md

progressive: PSNR of the first bytes of a file, beside progressive JPEG files of as many bytes as
    the whole, cut at the same shares, as Pillow shows them.
scale: PSNR of small pictures against the picture reduced, and time beside decoding and reducing.
tiles: what tiles cost in bytes. region: time by the size of the part.
"""

from __future__ import annotations

import argparse
import functools
import io
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile

import tfcomp
from tfcomp.errors import exit_code_of
from tfcomp.evaluation.images import image_files, read_pixels
from tfcomp.evaluation.metrics import psnr
from tfcomp.runtime.atomic_file import write_atomically

SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)
QUALITIES = (2, 5, 8)
SIDES = (1024, 512, 256)


def progressive(codec: tfcomp.api.Codec, files: Sequence[Path]) -> Iterator[list[str]]:
    """Rows: quality, bits a pixel, PSNR of tfcomp's and of JPEG's first bytes."""
    yield ["quality", "bits/pixel", "of", *(f"{100 * share:.0f} %" for share in SHARES)]
    pictures = [read_pixels(file) for file in files]
    for quality in QUALITIES:
        ours = [codec.compress(picture, quality) for picture in pictures]
        jpegs = [jpeg_within(picture, len(data)) for picture, data in zip(pictures, ours)]
        bits = np.mean([24 * len(data) / picture.size for picture, data in zip(pictures, ours)])
        decode = functools.partial(codec.decompress, partial=True)
        for name, coded, show in (
            (codec.info["name"], ours, decode),
            ("JPEG", jpegs, cut_jpeg),
        ):
            values = [_mean_of_parts(show, coded, pictures, share) for share in SHARES]
            yield [str(quality), f"{bits:.3f}", name, *values]


def scale(
    codec: tfcomp.api.Codec, files: Sequence[Path], large: Path | None
) -> Iterator[list[str]]:
    """Rows: quality, scale, PSNR of reduced, of thumbnails; time for a large picture."""
    yield ["quality", "scale", "decoded, reduced", "scale=", "seconds", "seconds"]
    pictures = [read_pixels(file) for file in files]
    for quality in QUALITIES:
        coded = [codec.compress(picture, quality) for picture in pictures]
        whole = [codec.decompress(data) for data in coded]
        data = codec.compress(read_pixels(large), quality) if large else None
        for factor in (2, 4, 8):
            wanted = [_reduced(picture, factor) for picture in pictures]
            small = [codec.decompress(each, scale=factor) for each in coded]
            values = [
                np.mean([psnr(*pair) for pair in zip(wanted, found)])
                for found in ([_reduced(picture, factor) for picture in whole], small)
            ]
            times = ["", ""]
            if data is not None:
                times = [
                    _seconds(lambda d=data, f=factor: _reduced(codec.decompress(d), f)),
                    _seconds(lambda d=data, f=factor: codec.decompress(d, scale=f)),
                ]
            yield [str(quality), f"1/{factor}", *(f"{value:.2f}" for value in values), *times]


def tiles(codec: tfcomp.api.Codec, files: Sequence[Path]) -> Iterator[list[str]]:
    """Rows: quality, bits a pixel, and how many per cent more bytes tiles of each side take."""
    yield ["quality", "bits/pixel", *map(str, SIDES)]
    for quality in QUALITIES:
        more, bits = [], []
        for file in files:
            picture = read_pixels(file)
            plain = len(codec.compress(picture, quality))
            bits.append(24 * plain / picture.size)
            sizes = [len(codec.compress(picture, quality, tiles=side)) for side in SIDES]
            more.append([100 * (size / plain - 1) for size in sizes])
        yield [
            *(str(quality), f"{np.mean(bits):.3f}"),
            *(f"{value:+.1f} %" for value in np.mean(more, axis=0)),
        ]


def region(codec: tfcomp.api.Codec, files: Sequence[Path]) -> Iterator[list[str]]:
    """Rows: the part's sides, and seconds without tiles and with tiles of each side."""
    picture = read_pixels(files[0])
    height, width, _ = picture.shape
    yield ["part", "no tiles", *(f"tiles of {side}" for side in SIDES)]
    coded = [codec.compress(picture, tiles=side) for side in (None, *SIDES)]
    for w, h in ((256, 256), (512, 512), (1024, 1024), (2048, 2048), (width, height)):
        place = ((width - w) // 2, (height - h) // 2, w, h)
        times = [
            _seconds(lambda d=data, p=place: codec.decompress(d, region=p)) for data in coded
        ]
        yield [f"{w}x{h}", *times]


def _mean_of_parts(
    show: Callable[[bytes], np.ndarray],
    coded: Sequence[bytes],
    pictures: Sequence[np.ndarray],
    share: float,
) -> str:
    found = []
    for data, picture in zip(coded, pictures):
        try:
            found.append(psnr(picture, show(data[: round(share * len(data))])))
        except (ValueError, OSError):
            return "-"  # too little for any picture
    return f"{np.mean(found):.2f}"


def jpeg_within(picture: np.ndarray, most: int) -> bytes:
    """The best progressive JPEG file that has no more bytes; the worst where none has so few."""
    best = b""
    for quality in range(1, 101):
        file = io.BytesIO()
        options = {"quality": quality, "progressive": True, "optimize": True}
        Image.fromarray(picture).save(file, "JPEG", **options)
        if best and file.tell() > most:
            break
        best = file.getvalue()
    return best


def cut_jpeg(data: bytes) -> np.ndarray:
    """What Pillow shows of a JPEG file that breaks off: uint8 [H, W, 3]."""
    kept, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, True
    try:
        return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = kept


def _reduced(picture: np.ndarray, factor: int) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).reduce(factor))


def _seconds(work: Callable[[], object], repeats: int = 1) -> str:
    """The least processor time of some repeats, once warm."""
    work()
    found = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return f"{min(found):.2f}"


def _table(rows: Sequence[Sequence[str]]) -> str:
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.parts_table", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("table", choices=("progressive", "scale", "tiles", "region"))
    parser.add_argument("pictures", nargs="+", type=Path, help="pictures, or folders of them")
    parser.add_argument("--models", default="cycle,cycle-small", metavar="A,B")
    parser.add_argument("--large", type=Path, help="a picture to take times with")
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    return exit_code_of("parts_table", lambda: _run(options))


def _run(options: argparse.Namespace) -> None:
    logging.getLogger("tfcomp").setLevel(logging.ERROR)  # which says of every part that it is one
    files = [
        file
        for path in options.pictures
        for file in (image_files(path) if path.is_dir() else [path])
    ]
    text = ""
    for name in options.models.split(","):
        codec = tfcomp.load(name, num_threads=1)
        rows = {
            "progressive": lambda c=codec: progressive(c, files),
            "scale": lambda c=codec: scale(c, files, options.large),
            "tiles": lambda c=codec: tiles(c, files),
            "region": lambda c=codec: region(c, files),
        }[options.table]()
        text += f"`{name}`:\n\n{_table(list(rows))}\n"
    print(text, end="")
    if options.markdown:
        write_atomically(options.markdown, text.encode())


if __name__ == "__main__":
    sys.exit(main())

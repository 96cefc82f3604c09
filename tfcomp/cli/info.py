"""Say what a .tfcomp file holds, without decoding it."""

from __future__ import annotations

import argparse
import contextlib
import json
from itertools import groupby
from typing import Any

from tfcomp.cli.files import read_stream_or
from tfcomp.cli.output import complain_about, frames_in_words, printable
from tfcomp.cli.plan import STANDARD_STREAM
from tfcomp.errors import CodecError, UnknownBundleError

_OF_PICTURES = "IGDTS"  # boxes whose bytes are sections and overhead


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds the subcommand's own arguments."""
    parser.add_argument("file", metavar="FILE", help=".tfcomp file or -")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Runs the subcommand; returns its exit code."""
    from tfcomp.runtime.compressed_input import MAX_FILE_BYTES, read_compressed

    try:
        data = read_stream_or(options.file, read_compressed, MAX_FILE_BYTES)
        record = {"file": options.file, **describe_file(data)}
    except CodecError as error:
        complain_about(_display_name(options.file), error)
        return 2
    if options.json:
        print(json.dumps(record))
    else:
        for line in _lines(record):
            print(printable(line))
    return 0


def describe_file(data: bytes) -> dict[str, Any]:
    """What a file says about itself, and the name of its model if it is installed.

    Without the model, what depends on it (size, sections) may be None.

    Raises:
      BitstreamError: a damaged file.
    """
    from tfcomp.bitstream.description import describe_whole
    from tfcomp.runtime import registry

    record = describe_whole(data)
    manifest = None
    names: tuple[str, ...] = ()
    with contextlib.suppress(UnknownBundleError):
        manifest = registry.find_by_fingerprint(bytes.fromhex(record["fingerprint"])).manifest
        record = describe_whole(data, lambda fingerprint: manifest)
        names = manifest.kind.section_names
    lengths = record.pop("section_bytes")
    beside = sum(box["bytes"] for box in record["boxes"] if box["type"] not in _OF_PICTURES)
    return {
        "model": manifest.name if manifest else None,
        **record,
        "qualities": manifest.qualities if manifest else None,
        "looks": list(manifest.look_names) if manifest else None,
        "sections": None
        if lengths is None
        else [
            {"name": names[i] if names else None, "bytes": length}
            for i, length in enumerate(lengths)
        ],
        "overhead_bytes": None if lengths is None else record["file_bytes"] - sum(lengths) - beside,
        "crc32": None if record["boxes"] else f"{int.from_bytes(data[-4:], 'little'):08x}",
    }


def _display_name(file: str) -> str:
    return "standard input" if file == STANDARD_STREAM else file


def _lines(record: dict[str, Any]) -> list[str]:
    model = record["model"] or "not installed"
    of = f" of {record['qualities']}" if record["qualities"] else ""
    lines = [
        f"file        {_display_name(record['file'])}, {record['file_bytes']} bytes, CRC right",
        f"format      tfcomp version {record['format_version']}",
        f"model       {model} ({record['fingerprint']})",
        f"quality     {record['quality']:g}{of}",
    ]
    if record["looks"] and len(record["looks"]) > 1:
        lines.append(f"looks       {', '.join(record['looks'])}")
    if record["width"] is None:
        lines.append("size        known to the model only")
    else:
        lines.append(f"size        {record['width']}x{record['height']} pixels")
        rate = record["bits_per_pixel"]
        digits = f"{rate:.4f}" if rate >= 0.001 else f"{rate:.2g}"  # a small rate is not 0
        lines.append(f"rate        {digits} bits/pixel")
    if record["durations"] is not None:
        lines.append(f"frames      {_played(record['durations'], record['loops'])}")
    for (letter, meaning), group in groupby(
        record["boxes"], key=lambda box: (box["type"], box["meaning"])
    ):
        sizes = [box["bytes"] for box in group]
        several = f", {len(sizes)} of them" if len(sizes) > 1 else ""
        lines.append(f"box {letter}       {meaning}{several}, {sum(sizes)} bytes")
    for section in record["sections"] or []:
        lines.append(f"section     {section['name'] or 'unnamed'}, {section['bytes']} bytes")
    if record["overhead_bytes"] is not None:
        lines.append(f"overhead    {record['overhead_bytes']} bytes")
    return lines


def _played(durations: list[int], loops: int) -> str:
    least, most = min(durations), max(durations)
    each = f"{least} ms each" if least == most else f"{least} to {most} ms each"
    times = "for ever" if loops == 0 else "once" if loops == 1 else f"{loops} times"
    return f"{frames_in_words(len(durations), sum(durations))}, {each}, played {times}"

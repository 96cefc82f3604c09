"""Files of format version 2 that nobody wrote, with sound checksums, as test vectors.

What Python makes of each stands there: `check read`, or `check refuse any`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.spec import picture_lines, picture_vectors
from tests.spec.vector_file import Check, checks_of
from tests.spec.vector_lines import of_bytes
from tfcomp.bitstream.boxes import Box, pack_boxes, read_boxes
from tfcomp.errors import CodecError

_KEPT = ("bundle", "fingerprint", "max_pixels")


def write(folder: Path, count: int, seed: int = 0) -> tuple[int, int]:
    """Writes `count` files of each case of pictures.txt into FOLDER/pictures.txt.

    Returns how many of them are read, and how many refused.
    """
    random = np.random.default_rng(seed)
    lines: list[str] = []
    made = [0, 0]
    for check in checks_of("pictures"):
        if not check.reads:
            continue
        boxes = [box._replace(payload=bytes(box.payload)) for box in read_boxes(check.bytes())]
        lines += [f"case {check.lines['case']}", *(f"{w} {check.lines[w]}" for w in _KEPT)]
        for _ in range(count):
            said = _verdict(pack_boxes(_mutated(boxes, random)), check)
            made[said[-1] == "check refuse any"] += 1
            lines += said
    (folder / "pictures.txt").write_text("\n".join(lines) + "\n", encoding="ascii")
    return made[0], made[1]


def _verdict(data: bytes, check: Check) -> list[str]:
    bundle = picture_lines.bundle_of(check)
    try:
        held = picture_vectors.read(data, bundle, check.number("max_pixels"))
    except CodecError:
        return [of_bytes("bytes", data), "check refuse any"]
    return [*picture_lines.picture_lines(held), of_bytes("bytes", data), "check read"]


def _mutated(boxes: list[Box], random: np.random.Generator) -> list[Box]:
    boxes = list(boxes)
    for _ in range(int(random.integers(1, 3))):
        at = int(random.integers(len(boxes)))
        what = int(random.integers(7))
        if what < 3:
            boxes[at] = boxes[at]._replace(payload=_changed(boxes[at].payload, random))
        elif what == 3:
            letter = "IGDTSAcexqZ"[int(random.integers(11))]
            boxes[at] = boxes[at]._replace(type=letter)
        elif what == 4 and len(boxes) > 1:
            del boxes[at]
        elif what == 5:
            boxes.insert(int(random.integers(len(boxes) + 1)), boxes[at])
        else:
            boxes.append(boxes.pop(at))
    return boxes


def _changed(payload: bytes, random: np.random.Generator) -> bytes:
    """Other bytes, most often among the first, where fields stand."""
    changed = bytearray(payload)
    at = int(random.integers(min(len(changed) + 1, 48)))
    value = int(random.choice([0, 1, 2, 32, 0x7F, 0x80, 0xFF, random.integers(256)]))
    what = int(random.integers(4))
    if what == 0:
        changed[at:at] = bytes([value])
    elif what == 1:
        del changed[at : at + 1]
    else:
        changed[at : at + 1] = bytes([value])
    return bytes(changed)

"""Reads a `.tfcomp` file of either version after checking it."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterator

from tfcomp.bitstream import boxes as box_rows
from tfcomp.bitstream import container
from tfcomp.bitstream.boxes import CUT_BETWEEN_BOXES, Box
from tfcomp.bitstream.coded_image import Start, fingerprint_of, parse_image
from tfcomp.bitstream.container import MAX_PIXELS, Container
from tfcomp.bitstream.picture_file import (
    MAX_DURATION,
    METADATA,
    METADATA_BYTES,
    Alpha,
    Frame,
    Lookup,
    PictureFile,
)
from tfcomp.bitstream.varint import decode_varint
from tfcomp.errors import BitstreamError

_PNG_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_PNG_HEADER_BYTES = 29
_LEAST_TILE = 64  # pixels


def read_file(
    data: bytes, lookup: Lookup, max_pixels: int | None = None, partial: bool = False
) -> PictureFile:
    """Reads a whole file.

    Args:
      data: the file.
      lookup: see `Lookup`; what it raises goes through.
      max_pixels: the most pixels that all frames together may have; if None, any number. No frame
        may have more than MAX_PIXELS.
      partial: whether a file that breaks off is read as far as it goes.

    Raises:
      BitstreamError: the file fails a check, or there is too little of it for any picture.
    """
    if data[: len(box_rows.START)] != box_rows.START:
        return _read_version_1(data, lookup, max_pixels, partial)
    return _Reader(data, lookup, max_pixels, partial).read()


def _read_version_1(
    data: bytes, lookup: Lookup, max_pixels: int | None, partial: bool
) -> PictureFile:
    most = MAX_PIXELS if max_pixels is None else min(max_pixels, MAX_PIXELS)
    try:
        image, whole = container.parse(data, lookup, most), True
    except BitstreamError:
        if not partial:
            raise
        image, whole = container.parse_cut(data, lookup, most), False
    return PictureFile((Frame((image,), image.width, image.height),), version=1, whole=whole)


class _Reader:
    """Takes the boxes of one file of version 2, as the grammar of spec/version2.md says."""

    def __init__(
        self, data: bytes, lookup: Lookup, max_pixels: int | None, partial: bool
    ) -> None:
        self._data = data
        self._lookup = lookup
        self._partial = partial
        self._seen: list[tuple[str, int]] = []
        self._metadata: dict[str, bytes] = {}
        self._whole = True
        self._pixels_left = sys.maxsize if max_pixels is None else max_pixels
        self._ahead: Box | None = None
        self._pictures = self._known_boxes()

    def read(self) -> PictureFile:
        self._next()
        loops: int | None = None
        durations: list[tuple[int, int]] = [(1, 0)]
        if self._ahead is not None and self._ahead.type == "S":
            loops, durations = read_sequence(self._take().payload)
        frames: list[Frame] = []
        for count, duration in durations:
            for _ in range(count):
                frame = self._frame(frames[-1] if frames else None, duration)
                if frame is None:
                    break
                frames.append(frame)
        if self._ahead is not None:
            raise _damaged(f"a box '{self._ahead.type}' where none may stand")
        if not frames:
            raise BitstreamError("the file has too few pictures; get a complete copy of it")
        return PictureFile(
            tuple(frames),
            loops,
            icc_profile=self._metadata.get("c"),
            exif=self._metadata.get("e"),
            xmp=self._metadata.get("x"),
            boxes=tuple(self._seen),
            whole=self._whole,
        )

    def _known_boxes(self) -> Iterator[Box]:
        """The boxes that pictures are made of; what goes with them is noted on the way."""
        for box in box_rows.read_boxes(self._data, self._partial):
            self._whole &= box.whole
            if box.type == CUT_BETWEEN_BOXES:
                return
            self._seen.append((box.type, len(box.payload)))
            if box.type in METADATA:
                if box.whole:
                    self._note(box)
            elif box.type in "IGDTSA":
                yield box
            elif box_rows.must_be_known(box.type):
                raise BitstreamError(
                    f"the file has a part '{box.type}' that this tfcomp doesn't know; update tfcomp"
                )

    def _note(self, box: Box) -> None:
        if box.type in self._metadata:
            raise _damaged(f"a second box '{box.type}'")
        if len(box.payload) > METADATA_BYTES:
            raise BitstreamError(
                f"the file's {METADATA[box.type]} has {len(box.payload)} bytes, more than "
                f"{METADATA_BYTES}; get an undamaged copy of the file"
            )
        self._metadata[box.type] = bytes(box.payload)

    def _ends_here(self, what: str) -> bool:
        """Whether a partial file has no further box for pictures; another file must have one."""
        if self._ahead is None and not self._partial:
            raise BitstreamError(f"the file has too few {what}; get a complete copy of it")
        self._whole &= self._ahead is not None
        return self._ahead is None

    @property
    def _ahead_is_whole(self) -> bool:
        return self._ahead is not None and self._ahead.whole

    def _next(self) -> None:
        self._ahead = next(self._pictures, None)

    def _take(self) -> Box:
        box = self._ahead
        assert box is not None
        self._next()
        return box

    def _frame(self, before: Frame | None, duration: int) -> Frame | None:
        """The next frame; None where a partial file has no more of it to show."""
        if self._ends_here("pictures"):
            return None
        box = self._take()
        if box.type not in "IGDT":
            raise _damaged(f"a box '{box.type}' where a picture should stand")
        if not box.whole and (before is not None or box.type == "T"):
            return None  # a whole frame stands before it, or nothing of this one
        frame: Frame | None
        if box.type == "T":
            frame = self._tiled(box, duration)
        elif box.type == "D":
            frame = self._dependent(box, before, duration)
        else:
            image = self._image(box)
            size = image.width, image.height
            frame = Frame((image,), *size, grey=box.type == "G", duration=duration)
        if frame is None:
            return None
        if before is not None and (frame.width, frame.height) != (before.width, before.height):
            raise _damaged("frames of different sizes")
        return self._with_alpha(frame)

    def _image(self, box: Box) -> Container:
        bundle = self._lookup(fingerprint_of(box.payload))
        image = parse_image(box.payload, bundle, self._most(), partial=not box.whole)
        self._pixels_left -= image.width * image.height
        return image

    def _dependent(self, box: Box, before: Frame | None, duration: int) -> Frame:
        if before is None:
            raise _damaged("a dependent frame that is the first")
        first = before.images[0]
        bundle = self._lookup(first.fingerprint)
        if before.tile_side or not getattr(bundle, "sequence", False):
            raise _damaged("a dependent frame where its model has none")
        start = Start(first.fingerprint, before.width, before.height)
        image = parse_image(box.payload, bundle, self._most(), start)
        self._pixels_left -= image.width * image.height
        return Frame((image,), image.width, image.height, 0, before.grey, True, None, duration)

    def _tiled(self, box: Box, duration: int) -> Frame | None:
        width, height, side = _numbers(box.payload, 3)
        container.check_size(width, height, self._most())
        if side < _LEAST_TILE or side % _LEAST_TILE:
            raise _damaged(f"tiles of {side} pixels")
        images: list[Container] = []
        letter = self._ahead.type if self._ahead else ""
        for top in range(0, height, side):
            for left in range(0, width, side):
                size = min(side, width - left), min(side, height - top)
                if self._ends_here("tiles"):
                    break
                breaks_off = not self._ahead_is_whole
                try:
                    images.append(self._tile(letter, size, images[:1], side))
                except BitstreamError:
                    if not (images and breaks_off):
                        raise
        if not images:
            return None
        return Frame(tuple(images), width, height, side, letter == "G", duration=duration)

    def _tile(
        self, letter: str, size: tuple[int, int], first: list[Container], side: int
    ) -> Container:
        box = self._take()
        if box.type not in "IG" or box.type != letter:
            raise _damaged(f"a box '{box.type}' where a tile should stand")
        image = self._image(box)
        if (image.width, image.height) != size:
            raise _damaged(f"a tile of {image.width}x{image.height} pixels")
        bundle = self._lookup(image.fingerprint)
        if bundle.fixed_size is not None or side % (2 * bundle.stride):
            raise _damaged(f"tiles of {side} pixels, which its model does not have")
        for name in ("fingerprint", "quality", "fraction"):
            if first and getattr(first[0], name) != getattr(image, name):
                raise _damaged("a tile of other models or qualities than the first")
        return image

    def _with_alpha(self, frame: Frame) -> Frame:
        if self._ahead is None or self._ahead.type != "A":
            return frame
        box = self._take()
        if not box.whole:
            return frame
        content = bytes(box.payload)
        if content[:1] not in (b"\0", b"\1"):
            raise _damaged("alpha of an unknown kind")
        _check_alpha_png(content[1:], frame)
        alpha = Alpha(content[1:], content[0] == 1)
        return dataclasses.replace(frame, alpha=alpha)

    def _most(self) -> int:
        """The most pixels that the next picture may have."""
        return min(MAX_PIXELS, self._pixels_left)


def read_sequence(payload: bytes | memoryview) -> tuple[int, list[tuple[int, int]]]:
    """How often a sequence is played, and runs of frames and their milliseconds.

    Raises:
      BitstreamError: the payload of its box is damaged.
    """
    loops, position = decode_varint(payload, 0)
    runs: list[tuple[int, int]] = []
    while position < len(payload):
        count, position = decode_varint(payload, position)
        duration, position = decode_varint(payload, position)
        if count < 1 or not 1 <= duration <= MAX_DURATION:
            raise _damaged(f"a sequence with {count} frames of {duration} ms")
        runs.append((count, duration))
    if not 1 <= sum(count for count, _ in runs) <= box_rows.MAX_BOXES:
        raise _damaged("a sequence of no frames or of too many")
    return loops, runs


def _numbers(payload: bytes | memoryview, count: int) -> list[int]:
    """The varints that a payload consists of."""
    numbers, position = [], 0
    for _ in range(count):
        number, position = decode_varint(payload, position)
        numbers.append(number)
    if position != len(payload):
        raise BitstreamError("bytes are left in a box; get an undamaged copy of the file")
    return numbers


def _check_alpha_png(png: bytes, frame: Frame) -> None:
    header = png[len(_PNG_START) : _PNG_HEADER_BYTES]
    # 8 bits, grey, deflate, the usual filters, not interlaced.
    if png[: len(_PNG_START)] != _PNG_START or header[8:13] != b"\x08\0\0\0\0":
        raise _damaged("alpha that is no PNG of one channel")
    size = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    if size != (frame.width, frame.height):
        raise _damaged(f"alpha of {size[0]}x{size[1]} pixels")


def _damaged(what: str) -> BitstreamError:
    return BitstreamError(f"the file has {what}; get an undamaged copy of it")

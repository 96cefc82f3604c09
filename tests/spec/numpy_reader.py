"""The running world's Python as a reader of the test vectors, with whichever range coder serves."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from tests.conftest import ROOT
from tests.spec import make_golden, picture_lines, picture_vectors
from tests.spec.reader import Answer, Reader, Refused
from tests.spec.refusals import kind_of
from tests.spec.toy_networks import ToyNetworks
from tests.spec.vector_file import Check
from tfcomp.bitstream import boxes, range_coder
from tfcomp.bitstream.container import Container, pack, parse
from tfcomp.bitstream.picture_writer import write_file
from tfcomp.bitstream.rate_distortion_quantizer import quantize, threshold_shifts
from tfcomp.bitstream.rows import pack_rows, unpack_rows
from tfcomp.bitstream.varint import decode_varint, encode_varint
from tfcomp.entropy_kinds.base import EntropyCoder
from tfcomp.entropy_kinds.bits import sections as bit_sections
from tfcomp.entropy_kinds.bits.coder import BitCoder
from tfcomp.entropy_kinds.bits.layout import BitLayout
from tfcomp.entropy_kinds.factorized.coder import FactorizedCoder
from tfcomp.entropy_kinds.hyperprior import sections as hyperprior_sections
from tfcomp.entropy_kinds.hyperprior.coder import HyperpriorCoder
from tfcomp.entropy_kinds.hyperprior.frame_before import FrameBefore
from tfcomp.entropy_kinds.hyperprior.layout import SECTION_NAMES, SEQUENCE_TABLES, Layout
from tfcomp.errors import CodecError, UnknownBundleError


def refusing(answer: Callable) -> Answer:
    """`answer` with its CodecErrors told as `Refused`."""

    def told(check: Check):
        try:
            return answer(check)
        except CodecError as error:
            raise Refused(kind_of(str(error))) from error

    return told


def read_varint(check: Check) -> dict:
    value, end = decode_varint(check.bytes() + b"")
    assert end == len(check.bytes()), check.where
    return {"value": value}


def write_varint(check: Check) -> dict:
    return {"bytes": encode_varint(check.number("value"))}


def read_rows(check: Check) -> dict:
    streams = unpack_rows(check.bytes(), len(check.numbers("lengths")))
    return {"lengths": [len(stream) for stream in streams], "streams": b"".join(streams)}


def cut(data: bytes, lengths: np.ndarray) -> list[bytes]:
    """Pieces of these lengths, which fill the data."""
    ends = np.cumsum(lengths).tolist()
    assert sum(lengths) == len(data)
    return [data[end - length : end] for end, length in zip(ends, lengths.tolist())]


def write_rows(check: Check) -> dict:
    return {"bytes": pack_rows(cut(check.bytes("streams"), check.numbers("lengths")))}


def bundle_of(check: Check) -> SimpleNamespace:
    """What a container's case says about the bundle."""
    qualities, sections, *size = check.numbers("bundle").tolist()
    fixed_size = tuple(size) if size[0] else None
    return SimpleNamespace(qualities=qualities, section_count=sections, fixed_size=fixed_size)


def read_container(check: Check) -> dict:
    def lookup(fingerprint: bytes):
        if fingerprint != check.bytes("fingerprint"):
            raise UnknownBundleError("another bundle wrote the file")
        return bundle_of(check)

    held = parse(check.bytes(), lookup, check.number("max_pixels"))
    return {
        "holds": [held.quality, held.width, held.height],
        "lengths": [len(section) for section in held.sections],
        "contents": b"".join(held.sections),
    }


def write_container(check: Check) -> dict:
    sections = cut(check.bytes("contents"), check.numbers("lengths"))
    fields = check.numbers("holds").tolist()
    held = Container(check.bytes("fingerprint"), *fields, tuple(sections))
    return {"bytes": pack(held, bundle_of(check).fixed_size)}


def read_boxes(check: Check) -> dict:
    found = list(boxes.read_boxes(check.bytes()))
    return {
        "types": [ord(box.type) for box in found],
        "lengths": [len(box.payload) for box in found],
        "contents": b"".join(box.payload for box in found),
    }


def write_boxes(check: Check) -> dict:
    payloads = cut(check.bytes("contents"), check.numbers("lengths"))
    types = map(chr, check.numbers("types").tolist())
    return {"bytes": boxes.pack_boxes([boxes.Box(*box) for box in zip(types, payloads)])}


def read_pictures(check: Check) -> dict:
    of_bundle = picture_lines.bundle_of(check)
    held = picture_vectors.read(check.bytes(), of_bundle, check.number("max_pixels"))
    return picture_lines.answer(held)


def write_pictures(check: Check) -> dict:
    fixed_size = picture_lines.bundle_of(check).fixed_size
    return {"bytes": write_file(picture_lines.picture_of(check), fixed_size)}


def read_range_coder(check: Check) -> dict:
    return {"values": range_coder.decode(check.bytes(), check.int32("index"), check.tables())}


def write_range_coder(check: Check) -> dict:
    values, index = check.int32("values"), check.int32("index")
    return {"bytes": range_coder.encode(values, index, check.tables())}


def _factorized(check: Check) -> FactorizedCoder:
    tables, channels = check.tables(), check.shape()[2]
    return FactorizedCoder({"latents": tables}, tables.count // channels, channels)


def read_factorized(check: Check) -> dict:
    height, width, _ = check.shape()
    sections, quality = (check.bytes(),), check.number("quality")
    return {"values": _factorized(check).decode(sections, quality, height, width)}


def write_factorized(check: Check) -> dict:
    latents = check.int32("values").reshape(check.shape())
    (section,) = _factorized(check).encode(latents, check.number("quality"))
    return {"bytes": section}


def bit_layout(check: Check) -> BitLayout:
    checkerboard, rows, context_bits = check.numbers("layout").tolist()
    contexts = check.numbers("contexts").reshape(-1, context_bits).tolist()
    return BitLayout(
        tuple(check.numbers("groups").tolist()),
        checkerboard,
        rows,
        tuple(check.numbers("sent").tolist()),
        tuple(map(tuple, contexts)),
    )


def read_bits(check: Check) -> dict:
    height, width, _ = check.shape()
    tables, quality = {"latents": check.tables()}, check.number("quality")
    layout = bit_layout(check)
    bits = bit_sections.decode(
        (check.bytes(),), quality, height, width, tables, layout, range_coder
    )
    return {"values": bits}


def write_bits(check: Check) -> dict:
    bits = check.numbers("values").reshape(check.shape())
    tables, quality = {"latents": check.tables()}, check.number("quality")
    (section,) = bit_sections.encode(bits, quality, tables, bit_layout(check), range_coder)
    return {"bytes": section}


def write_rate_distortion(check: Check) -> dict:
    (weight,) = check.decimals("weights")
    shifts = threshold_shifts(check.tables(), weight)
    residual = check.floats("latents").astype(np.float64) - check.numbers("means") / 8
    return {"values": quantize(residual, check.int32("index"), shifts)}


def hyperprior_layout(check: Check) -> Layout:
    checkerboard, quincunx, hyper_channels, _, _ = check.numbers("layout").tolist()
    return Layout(
        tuple(check.numbers("groups").tolist()),
        checkerboard,
        hyper_channels,
        tuple(check.numbers("rows").tolist()),
        check.decimals("weights"),
        quincunx,
    )


def hyperprior_tables(check: Check) -> dict:
    return dict(zip(SECTION_NAMES, (check.tables("hyper_"), check.tables())))


def toy_networks(check: Check) -> ToyNetworks:
    layout = hyperprior_layout(check)
    features, skipped = check.numbers("layout").tolist()[3:]
    height, width, _ = check.shape()
    shape = (-(-height // 2), -(-width // 2), layout.hyper_channels)
    hyper = check.int32("hyper_values").reshape(shape)
    channels = [step.channels for step in layout.passes]
    return ToyNetworks(channels, features, check.tables().count, skipped, hyper)


def _coded_with(check: Check) -> tuple:
    return toy_networks(check), hyperprior_tables(check), hyperprior_layout(check), range_coder


def read_hyperprior(check: Check) -> dict:
    height, width, _ = check.shape()
    sections = check.bytes("hyper_bytes"), check.bytes()
    latents = hyperprior_sections.decode(
        sections, check.number("quality"), height, width, *_coded_with(check)
    )
    return {"values": latents}


def write_hyperprior(check: Check) -> dict:
    latents = check.floats("latents").reshape(check.shape())
    (hyper, section), decoded = hyperprior_sections.encode_and_decode(
        latents, check.number("quality"), *_coded_with(check)
    )
    return {"hyper_bytes": hyper, "bytes": section, "values": decoded}


def _after(check: Check) -> dict:
    """The frame on which the check's one depends."""
    height, width, channels = check.shape()
    hyper_shape = (-(-height // 2), -(-width // 2), hyperprior_layout(check).hyper_channels)
    latents = check.int32("before").reshape(height, width, channels)
    return {"before": FrameBefore(latents, check.int32("hyper_before").reshape(hyper_shape))}


def _dependent_coded_with(check: Check) -> tuple:
    networks, tables, *others = _coded_with(check)
    return networks, dict(zip(SEQUENCE_TABLES, tables.values())), *others


def read_dependent(check: Check) -> dict:
    height, width, _ = check.shape()
    sections = check.bytes("hyper_bytes"), check.bytes()
    parts = _dependent_coded_with(check)
    quality = check.number("quality")
    latents = hyperprior_sections.decode(
        sections, quality, height, width, *parts, **_after(check)
    )
    return {"values": latents}


def write_dependent(check: Check) -> dict:
    latents = check.floats("latents").reshape(check.shape())
    parts = _dependent_coded_with(check)
    (hyper, section), decoded = hyperprior_sections.encode_and_decode(
        latents, check.number("quality"), *parts, **_after(check)
    )
    return {"hyper_bytes": hyper, "bytes": section, "values": decoded}


def read_cut_pictures(check: Check) -> dict:
    of_bundle = picture_lines.bundle_of(check)
    limit = check.number("max_pixels")
    held = picture_vectors.read(check.bytes(), of_bundle, limit, partial=True)
    return {**picture_lines.answer(held), "whole": [held.whole]}


def _read_cut(coder: EntropyCoder, before: tuple, check: Check) -> dict:
    section, quality = check.bytes(), check.number("quality")
    size = check.shape()[:2]
    values = coder.decode((*before, section), quality, *size, partial=True)
    ends = coder.pass_ends(section, quality, *size)
    shown = coder.shown_quality(section, quality, *size)
    return {"values": values, "passes": [] if ends is None else ends, "shown": [shown]}


def read_cut_factorized(check: Check) -> dict:
    return _read_cut(_factorized(check), (), check)


def read_cut_bits(check: Check) -> dict:
    return _read_cut(BitCoder({"latents": check.tables()}, bit_layout(check)), (), check)


def read_cut_hyperprior(check: Check) -> dict:
    networks, tables, layout, _ = _coded_with(check)
    coder = HyperpriorCoder(tables, layout, networks, len(layout.rows_per_stream))
    return _read_cut(coder, (check.bytes("hyper_bytes"),), check)


def read_golden(check: Check) -> dict:
    latents, _ = make_golden.decode_latents((ROOT / check.lines["file"]).read_bytes())
    return {"shape": latents.shape, "crc32": zlib.crc32(latents.astype("<i4").tobytes())}


READER = Reader.of(globals(), refusing=refusing)

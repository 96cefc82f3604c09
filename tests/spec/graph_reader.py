"""Stock TensorFlow operations, as SavedModels use them, as a reader of the test vectors."""

from __future__ import annotations

import dataclasses
import functools
import zlib
from types import SimpleNamespace

import numpy as np
import tensorflow as tf

from tests.conftest import ROOT
from tests.spec import compiled_coder, picture_lines
from tests.spec.numpy_reader import (
    bit_layout,
    bundle_of,
    cut,
    hyperprior_layout,
    hyperprior_tables,
    toy_networks,
)
from tests.spec.reader import Reader, Refused
from tests.spec.refusals import kind_of
from tests.spec.vector_file import Check
from tfcomp.api import shared_codec
from tfcomp.bitstream import boxes
from tfcomp.bitstream.rate_distortion_quantizer import threshold_shifts
from tfcomp.bitstream.rows import unpack_rows
from tfcomp.entropy_kinds.bits.graph import GraphBits
from tfcomp.entropy_kinds.factorized.graph import GraphFactorized
from tfcomp.entropy_kinds.graph.base import GraphEntropy
from tfcomp.entropy_kinds.graph.tables import GraphTables, can_encode
from tfcomp.entropy_kinds.hyperprior.graph.quantizer import quantize
from tfcomp.entropy_kinds.hyperprior.graph.sections import GraphHyperprior
from tfcomp.entropy_kinds.hyperprior.layout import CONTEXT_LIMIT
from tfcomp.export import (
    graph_boxes,
    graph_container,
    graph_fields,
    graph_picture_file,
    graph_rows,
)
from tfcomp.export.graph_container import Format
from tfcomp.export.graph_fields import Faults
from tfcomp.runtime import registry
from tfcomp.runtime.bundle import Bundle

NOT_AN_ENCODERS = "not-an-encoder's"  # coded values are refused without a reason


def as_said(kind: str) -> str:
    return NOT_AN_ENCODERS if kind in ("coded-values", "far-values") else kind


class GraphNetworks:
    """Networks of the running world as `GraphHyperprior` calls a `DeployedEntropy`'s.

    networks: a `hyperprior_sections.Networks`. features: F. passes: how many there are.
    """

    def __init__(self, networks, features: int, passes: int) -> None:
        self._networks, self._features = networks, features
        self.hyper_analysis = SimpleNamespace(python_function=self._analyse)
        self.hyper_synthesis = SimpleNamespace(python_function=self._synthesise)
        self.passes = [
            SimpleNamespace(python_function=self._parameters_of(k)) for k in range(passes)
        ]

    def _analyse(self, latents, quality):
        hyper = self._networks.hyper_analysis(latents[0].numpy(), int(quality[0]))
        return {"hyper_latents": tf.constant(hyper[None])}

    def _synthesise(self, hyper, quality):
        features = self._networks.hyper_synthesis(hyper[0].numpy(), int(quality[0]))
        return {"features": tf.constant(features[None])}

    def _parameters_of(self, number: int):
        def run(inputs, quality):
            features = inputs[0, ..., : self._features].numpy()
            context = inputs[0, ..., self._features :].numpy().astype(np.int32)
            context = context.clip(-CONTEXT_LIMIT, CONTEXT_LIMIT)
            made = self._networks.parameters(number, features, context, int(quality[0]))
            return {"parameters": tf.constant(made[None])}

        return run


class _Section:
    """The streams of a section by `graph_rows`; refuses what it finds wrong."""

    def __new__(cls, data: bytes, rows: int) -> tf.RaggedTensor:
        faults = Faults()
        in_bytes, padded, end = _as_graph(data)
        start = tf.constant(0, tf.int64)
        rows = tf.constant(rows, tf.int64)
        streams = graph_rows.unpack_rows(faults, in_bytes, padded, start, end, rows)
        _refuse_faults(faults.text)
        return streams


def _as_graph(data: bytes) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """uint8 [N]; int64, the same with zeros after it; N."""
    in_bytes = tf.constant(np.frombuffer(data, np.uint8))
    return in_bytes, graph_fields.padded_file(in_bytes), tf.size(in_bytes, tf.int64)


def _refuse_faults(text: tf.Tensor) -> None:
    message = text.numpy().decode()
    if message:
        raise Refused(kind_of(message))


def _ragged(streams: list[bytes]) -> tf.RaggedTensor:
    lengths = [len(stream) for stream in streams]
    flat = tf.constant(np.frombuffer(b"".join(streams), np.uint8))
    return tf.RaggedTensor.from_row_lengths(flat, tf.constant(lengths, tf.int64))


def _joined(values: tf.Tensor) -> bytes:
    return values.numpy().astype(np.uint8).tobytes()


def read_varint(check: Check) -> dict:
    faults = Faults()
    _, padded, end = _as_graph(check.bytes())
    value, _ = graph_fields.decode_varint(faults, padded, tf.constant(0, tf.int64), end)
    _refuse_faults(faults.text)
    return {"value": value}


def write_varint(check: Check) -> dict:
    value = tf.constant(check.number("value"), tf.int64)
    return {"bytes": _joined(graph_fields.encode_varint(value))}


def read_rows(check: Check) -> dict:
    streams = _Section(check.bytes(), len(check.numbers("lengths")))
    return {"lengths": streams.row_lengths(), "streams": _joined(streams.flat_values)}


def write_rows(check: Check) -> dict:
    streams = _ragged(cut(check.bytes("streams"), check.numbers("lengths")))
    return {"bytes": _joined(graph_rows.pack_rows(streams))}


def _format(check: Check) -> Format:
    bundle = bundle_of(check)
    return Format(
        fingerprint=check.bytes("fingerprint"),
        qualities=bundle.qualities,
        stride=16,
        max_pixels=check.number("max_pixels"),
        fixed_size=bundle.fixed_size,
        stream_counts=lambda *_: [tf.constant(1, tf.int64)] * bundle.section_count,
    )


def _parsed(data: bytes, file_format: Format) -> graph_picture_file.PictureFile:
    """What a file holds, in NumPy arrays."""
    held = _parse(tf.constant(data), file_format)
    _refuse_faults(held.error)
    return graph_picture_file.PictureFile(*(field.numpy() for field in held))


def _parse(data: tf.Tensor, file_format: Format) -> graph_picture_file.PictureFile:
    """In a graph, which is traced once for each bundle of the vectors."""
    key = dataclasses.replace(file_format, stream_counts=None)
    sections = len(file_format.stream_counts(tf.constant(1, tf.int64), tf.constant(1, tf.int64)))
    return _traced(key, sections)(data)


@functools.cache
def _traced(key: Format, sections: int):
    def counts(*_):
        return [tf.constant(1, tf.int64)] * sections

    file_format = dataclasses.replace(key, stream_counts=counts)
    return tf.function(
        lambda data: graph_picture_file.parse(data, file_format),
        input_signature=[tf.TensorSpec([], tf.string)],
        autograph=False,
    )


def read_container(check: Check) -> dict:
    if check.bytes().startswith(boxes.START):  # these vectors are of version 1 alone
        raise Refused("version")
    held = _parsed(check.bytes(), _format(check))
    spans = held.section_spans[0]
    return {
        "holds": [1 + held.qualities[0] // 32, held.width, held.height],
        "lengths": spans[:, 1] - spans[:, 0],
        "contents": _pieces(check.bytes(), spans),
    }


def _pieces(data: bytes, spans: np.ndarray) -> bytes:
    return b"".join(data[start:end] for start, end in spans.reshape(-1, 2).tolist())


def read_boxes(check: Check) -> dict:
    faults = Faults()
    in_bytes, padded, _ = _as_graph(check.bytes())
    found = graph_boxes.read_boxes(faults, in_bytes, padded).numpy()
    _refuse_faults(faults.text)
    return {
        "types": found[:, 0],
        "lengths": found[:, 2] - found[:, 1],
        "contents": _pieces(check.bytes(), found[:, 1:]),
    }


def read_pictures(check: Check) -> dict:
    of_bundle = picture_lines.bundle_of(check)
    file_format = dataclasses.replace(
        _format(check),
        fixed_size=of_bundle.fixed_size,
        stride=of_bundle.stride,
        quality_steps=of_bundle.quality_steps,
        sequence=of_bundle.sequence,
    )
    data, held = check.bytes(), _parsed(check.bytes(), file_format)
    metadata, sections = held.metadata_spans, held.section_spans.reshape(-1, 2)
    sizes = [held.width, held.height, held.loops, held.tile_side, held.grey]
    return {
        "holds": [*sizes, *(metadata[:, 1] - metadata[:, 0])],
        "metadata": _pieces(data, metadata),
        "durations": held.durations,
        "images": np.stack([held.images, held.dependent, held.alpha], 1),
        "qualities": held.qualities,
        "lengths": sections[:, 1] - sections[:, 0],
        "contents": _pieces(data, sections),
        "alphas": _pieces(data, held.alpha_spans),
    }


def write_container(check: Check) -> dict:
    sections = cut(check.bytes("contents"), check.numbers("lengths"))
    streams = [_ragged(unpack_rows(section, 1)) for section in sections]
    fields = [tf.constant(int(number)) for number in check.numbers("holds")]
    return {"bytes": graph_container.pack(*fields, streams, _format(check)).numpy()}


def read_range_coder(check: Check) -> dict:
    streams, index = _ragged([check.bytes()]), tf.constant(check.int32("index"))
    values, sound = compiled_coder.decode(streams, index, GraphTables(check.tables()))
    if not sound[0]:
        raise Refused(NOT_AN_ENCODERS)
    return {"values": values[0]}


def write_range_coder(check: Check) -> dict:
    values, index = check.int32("values")[None], tf.constant(check.int32("index"))
    tables = GraphTables(check.tables())
    assert can_encode(values, index, tables), check.where
    return {"bytes": _joined(compiled_coder.encode(values, index, tables).flat_values)}


def _read_sections(coder: GraphEntropy, sections: list[bytes], check: Check) -> np.ndarray:
    """Latents [h, w, C] of the sections of a case."""
    height, width, _ = check.shape()
    quality = tf.constant(check.number("quality"))
    counts = coder.stream_counts(quality, tf.constant(height, tf.int64))
    streams = [_Section(data, int(count)) for data, count in zip(sections, counts)]
    latents, sound = coder.decode(streams, quality, tf.constant(height), tf.constant(width))
    if not sound:
        raise Refused(NOT_AN_ENCODERS)
    return latents[0].numpy()


def _written_sections(coder: GraphEntropy, latents: np.ndarray, check: Check) -> list[bytes]:
    quality = tf.constant(check.number("quality"))
    streams, sound = coder.encode(tf.constant(latents[None]), quality)
    assert sound, check.where
    return [_joined(graph_rows.pack_rows(section)) for section in streams]


def _factorized(check: Check) -> GraphFactorized:
    tables = check.tables()
    return GraphFactorized(tables, tables.count // check.shape()[2])


def read_factorized(check: Check) -> dict:
    return {"values": _read_sections(_factorized(check), [check.bytes()], check)}


def write_factorized(check: Check) -> dict:
    latents = check.int32("values").reshape(check.shape())
    return {"bytes": _written_sections(_factorized(check), latents, check)[0]}


def read_bits(check: Check) -> dict:
    coder = GraphBits(check.tables(), bit_layout(check))
    return {"values": _read_sections(coder, [check.bytes()], check)}


def write_bits(check: Check) -> dict:
    coder = GraphBits(check.tables(), bit_layout(check))
    bits = check.int32("values").reshape(check.shape())
    return {"bytes": _written_sections(coder, bits, check)[0]}


def write_rate_distortion(check: Check) -> dict:
    (weight,) = check.decimals("weights")
    shifts = tf.constant(threshold_shifts(check.tables(), weight), tf.float64)
    residual = check.floats("latents").astype(np.float64) - check.numbers("means") / 8
    return {"values": quantize(tf.constant(residual), check.int32("index"), shifts)}


def _hyperprior(check: Check) -> GraphHyperprior:
    layout, toy = hyperprior_layout(check), toy_networks(check)
    networks = GraphNetworks(toy, toy.features, len(layout.passes))
    qualities = len(layout.rows_per_stream)
    return GraphHyperprior(hyperprior_tables(check), layout, networks, qualities)


def read_hyperprior(check: Check) -> dict:
    sections = [check.bytes("hyper_bytes"), check.bytes()]
    return {"values": _read_sections(_hyperprior(check), sections, check)}


def write_hyperprior(check: Check) -> dict:
    latents = check.floats("latents").reshape(check.shape())
    hyper, section = _written_sections(_hyperprior(check), latents, check)
    return {"hyper_bytes": hyper, "bytes": section}


def read_golden(check: Check) -> dict:
    bundle = Bundle.read(ROOT / check.lines["bundle"])
    coder, manifest = _coder_of(bundle), bundle.manifest
    file_format = Format(
        manifest.short_fingerprint,
        manifest.qualities,
        manifest.stride,
        max_pixels=2**20,
        fixed_size=manifest.fixed_size,
        stream_counts=coder.stream_counts,
    )
    data = tf.constant((ROOT / check.lines["file"]).read_bytes())
    held = graph_picture_file.parse(data, file_format)
    _refuse_faults(held.error)
    sections, error = graph_picture_file.streams_of(held, tf.constant(0), file_format)
    _refuse_faults(error)
    quality = tf.cast(1 + held.qualities[0] // 32, tf.int32)
    size = [tf.cast(-(-side // manifest.stride), tf.int32) for side in (held.height, held.width)]
    latents, sound = coder.decode(sections, quality, *size)
    assert sound, check.where
    latents = latents[0].numpy()
    return {"shape": latents.shape, "crc32": zlib.crc32(latents.astype("<i4").tobytes())}


def _coder_of(bundle: Bundle) -> GraphEntropy:
    """A bundle's entropy model; the networks of a hyperprior are those of the running world."""
    manifest, tables = bundle.manifest, bundle.tables
    if manifest.kind.name == "bits":
        return GraphBits(tables["latents"], manifest.sections)
    if manifest.layout is None:
        return GraphFactorized(tables["latents"], manifest.qualities)
    installed = registry.find_by_fingerprint(manifest.short_fingerprint)
    networks = shared_codec(installed).entropy_coder.networks
    nothing = np.zeros((1, 1, manifest.layout.hyper_channels), np.int32)
    features = networks.hyper_synthesis(nothing, 1).shape[-1]
    passes = len(manifest.layout.passes)
    deployed = GraphNetworks(networks, features, passes)
    return GraphHyperprior(tables, manifest.layout, deployed, manifest.qualities)


READER = Reader.of(globals(), as_said)

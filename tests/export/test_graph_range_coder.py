"""The range coder in stock ops against tfcomp.bitstream and TensorFlow Compression's own ops."""

import numpy as np
import pytest
import tensorflow as tf

from tests import needs
from tfcomp.bitstream import range_coder
from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy_kinds.graph.range_decoder import decode_rows
from tfcomp.entropy_kinds.graph.range_encoder import encode_rows
from tfcomp.entropy_kinds.graph.tables import GraphTables, can_encode
from tfcomp.errors import BitstreamError

THIRDS, ONLY_ESCAPE, HALVES = 0, 1, 2  # numbers of hand-made tables
INT32 = np.iinfo(np.int32)


def make_tables():
    """Hand-made tables, extreme ones, then random ones of every precision."""
    rng = np.random.default_rng(1)
    tables = [
        [16, 0, 21845, 43690, 65536],
        [-1, 0, 2],
        [1, 0, 1, 2],
        [-16, 0, 1, 65535, 65536],
        [-16, 0, 65534, 65535, 65536],
        [-16, 0, 1, 2, 65536],
        [16, 0, 65536],
        [-3, 0, 8],
    ]
    for precision in [*range(2, 17), 12, 16, 16, 16]:
        inner = rng.choice(np.arange(1, 2**precision), min(2**precision - 1, 50), replace=False)
        tables.append([-precision, 0, *sorted(inner[: rng.integers(51)].tolist()), 2**precision])
    offsets = rng.integers(-40, 5, len(tables))
    return CdfTables(np.concatenate(tables), offsets, np.zeros(len(tables)))


TABLES = make_tables()
GRAPH_TABLES = GraphTables(TABLES)
LAST = np.diff(TABLES.starts) - 3
ESCAPES = TABLES.cdf[TABLES.starts[:-1]] < 0


@tf.function(
    input_signature=[tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None, None], tf.int32)],
    autograph=False,
)
def encode(values, index):
    return encode_rows(values, index, GRAPH_TABLES)


@tf.function(
    input_signature=[
        tf.RaggedTensorSpec([None, None], tf.uint8, ragged_rank=1, row_splits_dtype=tf.int64),
        tf.TensorSpec([None, None], tf.int32),
    ],
    autograph=False,
)
def decode(streams, index):
    return decode_rows(streams, index, GRAPH_TABLES)


def encoded(values, index):
    index = np.broadcast_to(index, np.shape(values))
    return [row.tobytes() for row in encode(values, index.astype(np.int32)).numpy()]


def ragged(streams):
    return tf.RaggedTensor.from_row_lengths(
        np.frombuffer(b"".join(streams), np.uint8), [len(stream) for stream in streams]
    )


def decoded(streams, index):
    """Values and verdicts of all rows."""
    index = np.broadcast_to(index, (len(streams), np.shape(index)[-1])).astype(np.int32)
    values, sound = decode(ragged(streams), index)
    return values.numpy(), sound.numpy()


def random_case(rng, widest_escape):
    rows, symbols = rng.integers(1, 6), rng.choice([1, 2, 7, 23, 24, 25, 48, 100])
    shape = (rows, symbols)
    index = rng.integers(0, TABLES.count, shape if rng.random() < 0.5 else symbols)
    symbol = rng.integers(0, LAST[index] + 1, shape)
    symbol = np.where(rng.random(shape) < rng.choice([0, 0.5, 1]), LAST[index] // 2, symbol)
    far = (np.exp(rng.random(shape) * np.log(widest_escape)) * rng.choice([-1, 1], shape)).round()
    escaping = ESCAPES[index] & (rng.random(shape) < rng.choice([0, 0.02, 0.4]))
    values = np.where(escaping, far.astype(np.int64), symbol) + TABLES.cdf_offset[index]
    return values.clip(INT32.min, INT32.max).astype(np.int32), index


def tfc_streams(tfc, values, index):
    symbols = values - TABLES.cdf_offset[index]
    handle = tfc.create_range_encoder([len(values)], tf.constant(TABLES.cdf))
    handle = tfc.entropy_encode_index(
        handle, tf.constant(index, tf.int32), tf.constant(symbols, tf.int32)
    )
    return tfc.entropy_encode_finalize(handle).numpy().tolist()


def test_random_rows_are_written_as_the_bitstream_package_writes_them_and_read_back():
    rng = np.random.default_rng(2)
    for _ in range(60):
        values, index = random_case(rng, widest_escape=2.0**30.9)
        streams = range_coder.encode_rows(values, index, TABLES)
        assert encoded(values, index) == streams
        got, sound = decoded(streams, index)
        assert sound.all()
        np.testing.assert_array_equal(got, values)


def test_random_rows_are_written_as_tfc_writes_them():
    tfc = pytest.importorskip("tensorflow_compression", reason=needs.TENSORFLOW_COMPRESSION)
    rng = np.random.default_rng(3)
    for _ in range(60):
        values, index = random_case(rng, widest_escape=2.0**20)
        index = np.broadcast_to(index, values.shape)
        assert encoded(values, index) == tfc_streams(tfc, values, index)


def test_tfc_reads_what_the_graph_writes():
    tfc = pytest.importorskip("tensorflow_compression", reason=needs.TENSORFLOW_COMPRESSION)
    rng = np.random.default_rng(4)
    for _ in range(20):
        values, index = random_case(rng, widest_escape=1000)
        index = np.broadcast_to(index, values.shape)
        handle = tfc.create_range_decoder(encoded(values, index), tf.constant(TABLES.cdf))
        handle, symbols = tfc.entropy_decode_index(
            handle, tf.constant(index, tf.int32), index.shape[1:], tf.int32
        )
        assert tfc.entropy_decode_finalize(handle).numpy().all()
        np.testing.assert_array_equal(symbols.numpy() + TABLES.cdf_offset[index], values)


def values_around_a_half(length):
    """Values of the table of thirds whose interval holds 1/2 to the end, however narrow."""
    return range_coder.decode(b"\x80", np.full(1000, THIRDS), TABLES)[:length]


@pytest.mark.parametrize("length", [1, 10, 11, 600])
@pytest.mark.parametrize("ending", [[], [0], [2], [0, 0, 0], [2, 2, 2], [2, 1, 1, 0]])
def test_a_carry_runs_through_any_number_of_words(length, ending):
    # Whether the first word is 0x7FFF or 0x8000 is settled by the ending alone.
    values = [*values_around_a_half(length), *(np.array(ending) + TABLES.cdf_offset[THIRDS])]
    values = np.array([values], np.int32)
    index = np.full(values.shape[1], THIRDS)
    streams = range_coder.encode_rows(values, index, TABLES)
    assert encoded(values, index) == streams
    got, sound = decoded(streams, index)
    assert sound.all() and np.array_equal(got, values)


def test_a_long_carry_is_what_these_values_give():
    index = np.full(620, THIRDS)
    below, above = (
        range_coder.encode(
            np.append(values_around_a_half(600), [TABLES.cdf_offset[THIRDS] + symbol] * 20),
            index,
            TABLES,
        )
        for symbol in (0, 2)
    )
    assert below[:100] == b"\x7f" + b"\xff" * 99
    assert above[:100] == b"\x80" + bytes(99)


def test_a_stream_that_ends_long_before_its_symbols_goes_on_with_zeros_not_the_next_row():
    index = np.full(1000, THIRDS)
    thirds = np.random.default_rng(7).integers(0, 3, 1000) + TABLES.cdf_offset[THIRDS]
    values = np.stack([values_around_a_half(1000), thirds]).astype(np.int32)
    streams = encoded(values, index)
    assert streams == range_coder.encode_rows(values, index, TABLES)
    assert streams[0] == b"\x80" and len(streams[1]) > 150
    got, sound = decoded(streams, index)
    assert sound.all() and np.array_equal(got, values)


def test_rows_without_symbols_are_empty_streams():
    values = np.zeros((3, 0), np.int32)
    assert encoded(values, np.zeros(0)) == [b"", b"", b""]
    got, sound = decoded([b"", b"", b"\1"], np.zeros(0))
    assert got.shape == (3, 0)
    assert sound.tolist() == [True, True, False]


@pytest.mark.parametrize("table", [THIRDS, ONLY_ESCAPE, HALVES])
def test_single_symbols_are_written_as_the_bitstream_package_writes_them(table):
    far = [-(2**20), -3, -1, 3, 77, 2**20] if ESCAPES[table] else []
    for symbol in [*range(LAST[table] + (not ESCAPES[table])), *far]:
        values = np.array([[symbol + TABLES.cdf_offset[table]]], np.int32)
        streams = range_coder.encode_rows(values, np.array([table]), TABLES)
        assert encoded(values, [table]) == streams
        assert decoded(streams, [table])[0] == values


def test_rows_of_different_lengths_in_bytes_do_not_disturb_each_other():
    rng = np.random.default_rng(5)
    index = rng.integers(3, TABLES.count, 60)
    index = index[ESCAPES[index]]
    values = np.tile(TABLES.cdf_offset[index] + LAST[index] // 2, (4, 1)).astype(np.int32)
    values[1] += 100_000
    values[3, ::2] -= 1000
    streams = encoded(values, index)
    assert streams == range_coder.encode_rows(values, index, TABLES)
    assert np.array_equal(decoded(streams, index)[0], values)


def test_arbitrary_bytes_get_the_verdict_of_the_bitstream_package():
    rng = np.random.default_rng(6)
    verdicts = []
    for _ in range(40):
        values, index = random_case(rng, widest_escape=1000)
        index = np.broadcast_to(index, values.shape)
        streams = [mutated(rng, stream) for stream in encoded(values, index)]
        got, sound = decoded(streams, index)
        for row, stream in enumerate(streams):
            try:
                expected = range_coder.decode(stream, index[row], TABLES)
            except BitstreamError:
                expected = None
            assert sound[row] == (expected is not None)
            if expected is not None:
                np.testing.assert_array_equal(got[row], expected)
        verdicts += sound.tolist()
    assert 0 < sum(verdicts) < len(verdicts)


def mutated(rng, stream):
    kind = rng.integers(6)
    if kind == 0:
        return rng.integers(0, 256, rng.integers(60), np.uint8).tobytes()
    if kind == 1:
        return bytes(rng.integers(20))
    if kind == 2:
        return stream[: len(stream) - rng.integers(4)] if stream else stream
    if kind == 3 and stream:
        changed = bytearray(stream)
        changed[rng.integers(len(stream))] ^= 1 << rng.integers(8)
        return bytes(changed)
    if kind == 4:
        return stream + bytes(rng.integers(1, 6))
    return stream


def test_an_endless_gamma_code_is_refused():
    # Zeros without end follow a stream: after the escape symbol they are an endless prefix.
    values, sound = decoded([b"", b"\0\0\0", b"\xff" * 9], [ONLY_ESCAPE])
    assert not sound.any()


@pytest.mark.parametrize(
    "table, symbols, codable",
    [
        (THIRDS, [-1, 3], False),
        (THIRDS, [0, 2], True),
        (ONLY_ESCAPE, [-(2**31) + 1, 2**31 - 2], True),
        (ONLY_ESCAPE, [-(2**31)], False),
        (ONLY_ESCAPE, [2**31 - 1], False),
    ],
)
def test_values_that_no_stream_can_hold_are_told_apart(table, symbols, codable):
    for symbol in symbols:
        value = symbol + int(TABLES.cdf_offset[table])
        if not INT32.min <= value <= INT32.max:
            continue
        values = np.array([[value]], np.int32)
        assert bool(can_encode(values, [table], GRAPH_TABLES)) == codable
        if codable:
            assert encoded(values, [table]) == range_coder.encode_rows(values, [table], TABLES)
        else:
            with pytest.raises(ValueError):
                range_coder.encode_rows(values, [table], TABLES)

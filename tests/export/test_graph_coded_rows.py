"""Rows with gaps in stock ops against tfcomp.bitstream, which sees the coded values alone."""

import numpy as np
import tensorflow as tf

from tfcomp.bitstream import range_coder
from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy_kinds.graph.coded_rows import decode_coded, encode_coded
from tfcomp.entropy_kinds.graph.tables import GraphTables

TABLES = CdfTables(
    np.array([-3, 0, 2, 5, 8, 16, 0, 10_000, 65_535, 65_536, -16, 0, 60_000, 65_536]),
    np.array([-1, 5, 0]),
    np.zeros(3),
)
GRAPH_TABLES = GraphTables(TABLES)


def random_case(rng, rows, columns, share):
    index = rng.integers(0, 3, (rows, columns))
    values = TABLES.cdf_offset[index] + rng.integers(0, np.array([2, 3, 1])[index])
    escaping = (index != 1) & (rng.random(index.shape) < 0.1)
    values = np.where(escaping, rng.integers(-1000, 1000, index.shape), values)
    coded = rng.random(index.shape) < share
    return values.astype(np.int32), index.astype(np.int32), coded


def expected_streams(values, index, coded):
    return [range_coder.encode(v[c], i[c], TABLES) for v, i, c in zip(values, index, coded)]


def test_streams_are_those_of_the_coded_values_alone_and_read_back():
    rng = np.random.default_rng(0)
    for share in (0.0, 0.03, 0.5, 1.0):
        for rows, columns in ((1, 1), (3, 7), (5, 100), (2, 400)):
            values, index, coded = random_case(rng, rows, columns, share)
            coded[rng.integers(rows)] = False  # an empty row beside longer ones
            streams, fits = encode_coded(values, index, coded, GRAPH_TABLES)
            assert bool(fits)
            written = [row.tobytes() for row in streams.numpy()]
            assert written == expected_streams(values, index, coded)
            decoded, sound = decode_coded(streams, index, coded, GRAPH_TABLES)
            assert sound.numpy().all()
            np.testing.assert_array_equal(decoded, np.where(coded, values, 0))


def test_only_coded_values_need_to_fit_their_tables():
    values = tf.constant([[77, 6], [5, 6]])
    index = tf.constant([[1, 1], [1, 1]])  # without an escape symbol: 5, 6 and 7
    assert bool(encode_coded(values, index, [[False, True], [True, True]], GRAPH_TABLES)[1])
    assert not bool(encode_coded(values, index, [[True, True], [True, True]], GRAPH_TABLES)[1])


def test_a_damaged_stream_is_told_apart_whatever_its_row_is_filled_up_with():
    rng = np.random.default_rng(1)
    values, index, coded = random_case(rng, 3, 60, 1.0)
    coded[0, 5:] = False
    streams = expected_streams(values, index, coded)
    for damaged in range(3):
        changed = [s + b"\1" if row == damaged else s for row, s in enumerate(streams)]
        ragged = tf.RaggedTensor.from_row_lengths(
            np.frombuffer(b"".join(changed), np.uint8), [len(stream) for stream in changed]
        )
        decoded, sound = decode_coded(ragged, index, coded, GRAPH_TABLES)
        assert sound.numpy().tolist() == [row != damaged for row in range(3)]
        for row in np.flatnonzero(sound):
            np.testing.assert_array_equal(decoded[row], np.where(coded, values, 0)[row])

"""The JavaScript range coder writes and reads Python's bytes, and refuses what Python refuses."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bitstream.coder_cases import random_symbols, random_tables
from tfcomp.bitstream import range_coder
from tfcomp.bitstream.rows import pack_rows, unpack_rows
from tfcomp.errors import BitstreamError

CASES = 150

_ENCODE = """
async cases => {
  const { CdfTables } = await import("/js/bitstream/tables.js");
  const { encode } = await import("/js/bitstream/range_coder.js");
  return cases.map(({ cdf, offset, values, index }) => {
    const tables = new CdfTables(Int32Array.from(cdf), Int32Array.from(offset));
    return Array.from(encode(Int32Array.from(values), Int32Array.from(index), tables));
  });
}
"""
_DECODE = """
async cases => {
  const { CdfTables } = await import("/js/bitstream/tables.js");
  const { decode } = await import("/js/bitstream/range_coder.js");
  return cases.map(({ cdf, offset, stream, index }) => {
    const tables = new CdfTables(Int32Array.from(cdf), Int32Array.from(offset));
    try {
      return Array.from(decode(Uint8Array.from(stream), Int32Array.from(index), tables));
    } catch (error) {
      return error.name + ": " + error.message;
    }
  });
}
"""
_ROWS = """
async cases => {
  const { packRows, unpackRows } = await import("/js/bitstream/rows.js");
  return cases.map(streams => {
    const section = packRows(streams.map(stream => Uint8Array.from(stream)));
    const back = unpackRows(section, streams.length).map(stream => Array.from(stream));
    return [Array.from(section), back];
  });
}
"""


@pytest.fixture(scope="module")
def vectors():
    """(as the page takes it, tables, the stream) of random values with random tables."""
    random = np.random.default_rng(7)
    made = []
    for number in range(CASES):
        tables = random_tables(random)
        symbols, index = random_symbols(random, tables, int(random.integers(0, 200)))
        values = symbols + tables.cdf_offset[index]
        stream = range_coder.encode(values, index, tables)
        case = {
            "cdf": tables.cdf.tolist(),
            "offset": tables.cdf_offset.tolist(),
            "values": values.tolist(),
            "index": index.tolist(),
            "stream": list(stream),
            "number": number,
        }
        made.append((case, tables, stream))
    return made


def test_values_are_written_as_the_same_bytes(page, vectors):
    written = page.evaluate(_ENCODE, [case for case, _, _ in vectors])
    assert [bytes(stream) for stream in written] == [stream for _, _, stream in vectors]


def test_bytes_are_read_as_the_same_values(page, vectors):
    read = page.evaluate(_DECODE, [case for case, _, _ in vectors])
    assert read == [case["values"] for case, _, _ in vectors]


def test_damaged_bytes_are_refused_or_read_as_in_python(page, vectors):
    random = np.random.default_rng(8)
    cases, expected = [], []
    for case, tables, stream in vectors:
        for damaged in damages(random, stream):
            cases.append({**case, "stream": list(damaged)})
            try:
                index = np.array(case["index"], np.int32)
                expected.append(range_coder.decode(damaged, index, tables).tolist())
            except BitstreamError:
                expected.append(None)
    read = page.evaluate(_DECODE, cases)
    refusals = [answer for answer in read if isinstance(answer, str)]
    assert [None if isinstance(answer, str) else answer for answer in read] == expected
    assert refusals and all("damaged" in answer for answer in refusals)


def damages(random, stream):
    """The stream cut short, lengthened in two ways, with a bit changed, and noise of its length."""
    yield stream[: len(stream) // 2]
    yield stream + b"\x01"
    yield stream + b"\x00"
    if stream:
        flipped = bytearray(stream)
        flipped[random.integers(len(stream))] ^= 1 << random.integers(8)
        yield bytes(flipped)
    yield random.bytes(len(stream))


def test_rows_of_any_lengths_share_a_section_as_in_python(page):
    random = np.random.default_rng(9)
    cases = [
        [random.bytes(int(random.integers(0, most))) for _ in range(rows)]
        for rows, most in ((1, 1), (1, 300), (7, 1), (5, 9), (40, 300), (3, 70_000))
    ]
    answers = page.evaluate(_ROWS, [[list(stream) for stream in case] for case in cases])
    for case, (section, back) in zip(cases, answers):
        assert bytes(section) == pack_rows(case)
        assert [bytes(stream) for stream in back] == unpack_rows(bytes(section), len(case))

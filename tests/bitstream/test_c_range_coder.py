"""The C coder where no Python code stands before it: nothing it is given may hurt it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path

import numpy as np
import pytest

import tfcomp.bitstream
from tests import needs
from tfcomp.bitstream import python_range_coder, range_coder

from .coder_cases import random_symbols, random_tables, tables_of

C_EXTENSION = range_coder._range_coder
needs_extension = pytest.mark.skipif(C_EXTENSION is None, reason=needs.EXTENSION)
SOURCE = Path(tfcomp.bitstream.__file__).parent


def int32(*values) -> np.ndarray:
    return np.array(values, dtype=np.int32)


COIN, COIN_STARTS = int32(1, 0, 1, 2), int32(0, 4)


@needs_extension
@pytest.mark.parametrize(
    ("cdf", "starts"),
    [
        (int32(), int32(0, 0)),
        (int32(1, 0, 1, 2), int32(0, 5)),
        (int32(1, 0, 1, 2), int32(0, 2**31 - 1)),
        (int32(1, 0, 1, 2), int32(-1, 4)),
        (int32(1, 0, 1, 2), int32(-(2**31), 2**31 - 1)),
        (int32(1, 0, 1, 2), int32(4, 0)),
        (int32(1, 0, 1, 2), int32(2, 4)),
        (int32(0, 0, 1, 2), int32(0, 4)),
        (int32(17, 0, 1, 2), int32(0, 4)),
        (int32(-(2**31), 0, 1, 2), int32(0, 4)),
        (int32(1, 0, 0, 0), int32(0, 4)),
        (int32(1, 2, 1, 0), int32(0, 4)),
        (int32(1, -5, -1, 9), int32(0, 4)),
        (int32(16, 1 << 16, 1 << 17, 1 << 18), int32(0, 4)),
    ],
)
def test_malformed_tables_raise_value_error(cdf, starts):
    for stream in (b"", b"\x00\x00", b"\xff\xff\xff\xff", b"\x12\x34\x56\x78"):
        with pytest.raises(ValueError):
            C_EXTENSION.decode(stream, int32(0), cdf, starts, int32(0))
    with pytest.raises(ValueError):
        C_EXTENSION.encode(int32(0, 1), int32(0, 0), cdf, starts)


@needs_extension
@pytest.mark.parametrize("index", [-1, 1, 2**31 - 1, -(2**31)])
def test_indices_without_a_table_raise_value_error(index):
    with pytest.raises(ValueError):
        C_EXTENSION.encode(int32(0), int32(index), COIN, COIN_STARTS)
    with pytest.raises(ValueError):
        C_EXTENSION.decode(b"", int32(index), COIN, COIN_STARTS, int32(0))
    with pytest.raises(ValueError):  # no tables at all
        C_EXTENSION.decode(b"", int32(0), COIN, int32(0), int32(0))
    with pytest.raises(ValueError):
        C_EXTENSION.decode(b"", int32(0), COIN, int32(), int32(0))


@needs_extension
def test_buffers_of_another_kind_raise_value_error():
    read_only = int32(0)
    read_only.flags.writeable = False
    misaligned = np.frombuffer(bytes(9), dtype=np.uint8)[1:].view(np.int32)
    others = [
        np.zeros(1, np.int64),
        np.zeros(1, np.uint32),
        np.zeros(1, np.float32),
        np.zeros(1, ">i4"),
        np.zeros((1, 1), np.int32),
        np.zeros(4, np.int32)[::2],
        misaligned,
        b"abcd",
        None,
        [0],
    ]
    for other in others:
        with pytest.raises((ValueError, TypeError, BufferError)):
            C_EXTENSION.encode(other, int32(0), COIN, COIN_STARTS)
        with pytest.raises((ValueError, TypeError, BufferError)):
            C_EXTENSION.decode(b"", other, COIN, COIN_STARTS, int32(0))
        with pytest.raises((ValueError, TypeError, BufferError)):
            C_EXTENSION.decode(b"", int32(0), COIN, COIN_STARTS, other)
    with pytest.raises((ValueError, TypeError, BufferError)):
        C_EXTENSION.decode(b"", int32(0), COIN, COIN_STARTS, read_only)
    with pytest.raises(TypeError):
        C_EXTENSION.decode("text", int32(0), COIN, COIN_STARTS, int32(0))


@needs_extension
def test_vectors_of_different_lengths_raise_value_error():
    with pytest.raises(ValueError):
        C_EXTENSION.encode(int32(0, 0), int32(0), COIN, COIN_STARTS)
    with pytest.raises(ValueError):
        C_EXTENSION.decode(b"", int32(0, 0), COIN, COIN_STARTS, int32(0))


@needs_extension
def test_both_coders_agree_on_every_outcome_of_damaged_streams():
    """Values, BitstreamError or ValueError: the same from either coder."""
    random = np.random.default_rng(5)
    for _ in range(1000):
        tables = random_tables(random)
        symbols, index = random_symbols(random, tables, int(random.integers(0, 60)))
        data = bytearray(range_coder.encode(symbols, index, tables))
        for _ in range(random.integers(0, 3)):
            if data:
                data[random.integers(len(data))] = random.integers(256)
        data = bytes(data)[: random.integers(len(data) + 1)] if random.integers(2) else bytes(data)
        ours, theirs = np.zeros_like(index), np.zeros_like(index)
        sound = C_EXTENSION.decode(data, index, tables.cdf, tables.starts, ours)
        assert python_range_coder.decode_symbols(data, index, tables, theirs) == sound
        if sound:
            np.testing.assert_array_equal(ours, theirs)


@needs_extension
def test_threads_may_code_at_the_same_time():
    random = np.random.default_rng(1)
    tables = random_tables(random)
    cases = [random_symbols(random, tables, 5000) for _ in range(4)]
    expected = [range_coder.encode(*case, tables) for case in cases]
    results = [None] * len(cases)

    def work(k):
        symbols, index = cases[k]
        data = range_coder.encode(symbols, index, tables)
        results[k] = data if np.array_equal(range_coder.decode(data, index, tables), symbols) else 0

    threads = [threading.Thread(target=work, args=(k,)) for k in range(len(cases))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == expected


@needs_extension
def test_coding_does_not_leak_memory():
    tables = tables_of([-4, 0, 3, 12, 15, 16])
    symbols = np.ones(2000, dtype=np.int32)
    index = np.zeros_like(symbols)
    data = range_coder.encode(symbols, index, tables)
    counts = [sys.getrefcount(each) for each in (symbols, index, tables.cdf, tables.starts, data)]
    for _ in range(50):
        C_EXTENSION.encode(symbols, index, tables.cdf, tables.starts)
        C_EXTENSION.decode(data, index, tables.cdf, tables.starts, symbols)
        with pytest.raises(ValueError):
            C_EXTENSION.encode(symbols, index[:-1], tables.cdf, tables.starts)
    assert counts == [
        sys.getrefcount(each) for each in (symbols, index, tables.cdf, tables.starts, data)
    ]


# Feeds garbage, and garbage that looks like tables, to the core in buffers of the exact size.
GARBAGE = r"""
#include <stdio.h>
#include "_range_coder_core.h"

static uint32_t state = 1;

static uint32_t draw(uint32_t below)
{
    state ^= state << 13, state ^= state >> 17, state ^= state << 5;
    return state % below;
}

static int32_t any(void)
{
    const int32_t extreme[] = {INT32_MIN, INT32_MAX, -1, -16, 16, 0};

    return draw(3) ? (int32_t)draw(70) : draw(2) ? extreme[draw(6)] : (int32_t)draw(UINT32_MAX);
}

static int32_t *vector(size_t n)
{
    int32_t *entries = malloc(n ? n * sizeof *entries : 1);

    for (size_t k = 0; k < n; ++k)
        entries[k] = any();
    return entries;
}

/* Writes tables until cdf is full and returns how many they are. */
static size_t make_tables(int32_t *cdf, size_t n, int32_t *starts, size_t most)
{
    size_t at = 0, count = 0;

    for (; count < most && at + 3 <= n; ++count) {
        int32_t precision = 1 + (int32_t)draw(16), value = 0;

        starts[count] = (int32_t)at;
        cdf[at++] = draw(3) ? -precision : precision;
        for (cdf[at++] = 0; at + 1 < n && draw(5) && value + 1 < 1 << precision; cdf[at++] = value)
            value += 1 + (int32_t)draw((uint32_t)((1 << precision) - value - 1));
        cdf[at++] = 1 << precision;
    }
    starts[count] = (int32_t)at;
    return count;
}

int main(void)
{
    long seen[6] = {0}, wrong = 0;

    for (int turn = 0; turn < 60000; ++turn) {
        size_t size = draw(40), count = draw(5), n = draw(50), length = draw(40), sane = draw(2);
        int32_t *cdf = vector(size), *starts = vector(count + 1), *index = vector(n);
        int32_t *symbols = vector(n), *decoded = vector(n);
        uint8_t *data = malloc(length ? length : 1);
        rc_encoder encoder;
        rc_status status;

        if (sane)
            count = make_tables(cdf, size, starts, count);
        for (size_t k = 0; k < n && count; ++k)
            index[k] = draw(100) ? (int32_t)draw((uint32_t)count) : index[k];
        for (size_t k = 0; k < length; ++k)
            data[k] = draw(3) ? (uint8_t)draw(256) : 0;
        rc_tables tables = {cdf, size, starts, count};
        ++seen[rc_decode(&tables, data, length, index, decoded, n)];
        rc_encoder_init(&encoder);
        status = rc_encode(&encoder, &tables, symbols, index, n);
        ++seen[status];
        if (sane && status == RC_OK) {
            status = rc_decode(&tables, encoder.bytes, encoder.length, index, decoded, n);
            for (size_t k = 0; k < n; ++k)
                wrong += status != RC_OK || symbols[k] != decoded[k];
        }
        rc_encoder_free(&encoder);
        free(cdf), free(starts), free(index), free(symbols), free(decoded), free(data);
    }
    printf("%ld %ld %ld %ld %ld %ld\n", wrong, seen[0], seen[1], seen[2], seen[3], seen[4]);
    return 0;
}
"""


def test_the_core_stands_alone_and_survives_garbage_under_the_sanitizers(tmp_path):
    """Compiled without Python; any read out of bounds or undefined step ends the program."""
    compiler = shutil.which((sysconfig.get_config_var("CC") or "cc").split()[0])
    compiler = compiler or shutil.which("cc")
    if compiler is None:
        pytest.skip(needs.COMPILER)
    (tmp_path / "garbage.c").write_text(GARBAGE)
    build = [compiler, "-std=c99", "-O1", "-Wall", "-Wextra", "-Werror", f"-I{SOURCE}"]
    build += [str(tmp_path / "garbage.c"), "-o", str(tmp_path / "garbage")]
    sanitized = [*build, "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    if subprocess.run(sanitized, capture_output=True).returncode != 0:
        subprocess.run(build, check=True)  # a compiler without sanitizers
    run = subprocess.run([str(tmp_path / "garbage")], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr[-2000:]
    wrong, *seen = (int(count) for count in run.stdout.split())
    assert wrong == 0
    assert min(seen) > 100  # every outcome was met

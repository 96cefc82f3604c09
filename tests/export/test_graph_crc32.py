import zlib

import numpy as np
import pytest
import tensorflow as tf

from tfcomp.export.graph_bytes import to_bytes, to_string
from tfcomp.export.graph_crc32 import crc32


@tf.function(input_signature=[tf.TensorSpec([], tf.string)], autograph=False)
def crc32_of_string(data):
    return crc32(to_bytes(data))


@tf.function(input_signature=[tf.TensorSpec([], tf.string)], autograph=False)
def there_and_back(data):
    return to_string(to_bytes(data))


def random_bytes(length, seed=0):
    return np.random.default_rng(seed + length).integers(0, 256, length, np.uint8).tobytes()


def test_the_crc_is_zlibs_at_every_small_length():
    for length in range(70):
        data = random_bytes(length)
        assert int(crc32_of_string(data)) == zlib.crc32(data), length


@pytest.mark.parametrize("length", [255, 256, 257, 1020, 1021, 4096, 9999, 10000, 65532, 65533])
def test_the_crc_is_zlibs_around_powers_of_two_and_beyond(length):
    data = random_bytes(length)
    assert int(crc32_of_string(data)) == zlib.crc32(data)


@pytest.mark.parametrize("data", [bytes(1000), b"\xff" * 1000, b"\x62\xf5\x26\x92", bytes(3)])
def test_the_crc_of_constant_bytes_is_zlibs(data):
    assert int(crc32_of_string(data)) == zlib.crc32(data)


@pytest.mark.parametrize("length", [0, 1, 2, 127, 128, 20000])
def test_bytes_become_a_string_unchanged(length):
    data = random_bytes(length)
    assert there_and_back(data).numpy() == data


def test_zero_bytes_at_the_end_of_a_string_are_kept():
    assert there_and_back(b"\0a\0\0").numpy() == b"\0a\0\0"

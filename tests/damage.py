"""Damaged copies of a file."""


def truncations(data):
    """Every beginning of it, from nothing to all but the last byte."""
    return (data[:length] for length in range(len(data)))


def flipped_bits(data):
    """It with each of its bits flipped in turn."""
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        yield bytes(flipped)

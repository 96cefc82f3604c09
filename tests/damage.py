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


def mutants(originals, count, random):
    """Copies with a few bytes changed, put in, taken out, doubled or cut off.

    random: a NumPy generator. Fields of 2 and 4 bytes are set to what readers trip over.
    """
    traps = (b"\0\0", b"\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f")
    for _ in range(count):
        mutant = bytearray(originals[random.integers(len(originals))])
        for _ in range(random.integers(1, 5)):
            at = int(random.integers(len(mutant) + 1))
            length = int(random.integers(1, 9))
            kind = random.integers(6)
            if kind == 0 and mutant:
                mutant[at % len(mutant)] ^= 1 << random.integers(8)
            elif kind == 1:
                mutant[at : at + length] = random.bytes(length)
            elif kind == 2:
                mutant[at:at] = random.bytes(length)
            elif kind == 3:
                del mutant[at : at + length]
            elif kind == 4:
                trap = traps[random.integers(len(traps))]
                mutant[at : at + len(trap)] = trap
            else:
                mutant[at:at] = mutant[at : at + 40]
        if random.integers(10) == 0:
            del mutant[int(random.integers(len(mutant) + 1)) :]
        yield bytes(mutant)

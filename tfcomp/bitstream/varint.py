"""Variable-length unsigned integers: LEB128, low seven bits first, one form per value.

Values fit 32 bits, so a varint is one to five bytes long. Over-long forms (a final zero byte) are
refused: each value has exactly one form, so two different files never mean the same.
"""

from __future__ import annotations

from tfcomp.errors import BitstreamError

MAX_VALUE = 2**32 - 1
MAX_BYTES = 5


def encode_varint(value: int) -> bytes:
    """Writes `value` (0 to 2**32 - 1) as 1 to 5 bytes; ValueError outside that range."""
    value = int(value)
    if not 0 <= value <= MAX_VALUE:
        raise ValueError(f"a varint holds 0 to {MAX_VALUE}, not {value}")
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def decode_varint(data: bytes | memoryview, position: int = 0) -> tuple[int, int]:
    """Reads a varint that starts at `data[position]`.

    Returns:
      the value and the position after it.

    Raises:
      BitstreamError: the data ends inside the varint, the form is over-long, or the value needs
        more than 32 bits.
    """
    value = 0
    for count in range(MAX_BYTES):
        if position + count >= len(data):
            raise BitstreamError(
                "the file ends inside a length field; get a complete copy of the file"
            )
        byte = data[position + count]
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            if byte == 0 and count > 0:
                raise BitstreamError(
                    "a length field is over-long; get an undamaged copy of the file"
                )
            if value > MAX_VALUE:
                break
            return value, position + count + 1
    raise BitstreamError("a length field exceeds 32 bits; get an undamaged copy of the file")

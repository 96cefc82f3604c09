"""The JavaScript section of bits is Python's, byte for byte, and refuses what Python refuses."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bitstream.bit_cases import random_bit_tables, random_bits, random_layout
from tfcomp.bitstream import range_coder
from tfcomp.entropy_kinds.bits import sections as bit_sections
from tfcomp.errors import BitstreamError

CASES = 40

_SECTIONS = """
async cases => {
  const { CdfTables } = await import("/js/bitstream/tables.js");
  const { BitLayout } = await import("/js/bitstream/bit_layout.js");
  const { decodeSection, encodeSection } = await import("/js/bitstream/bit_section.js");
  const { Grid } = await import("/js/grid.js");
  return cases.map(({ cdf, offset, entropy, quality, shape, bits, section }) => {
    const tables = new CdfTables(Int32Array.from(cdf), Int32Array.from(offset));
    const layout = new BitLayout(entropy);
    try {
      if (bits) {
        const latents = new Grid(Uint8Array.from(bits), ...shape);
        return Array.from(encodeSection(latents, quality, tables, layout));
      }
      const [height, width] = shape;
      const bytes = Uint8Array.from(section);
      return Array.from(decodeSection(bytes, quality, height, width, tables, layout).data);
    } catch (error) {
      return error.name + ": " + error.message;
    }
  });
}
"""
_LAYOUT = """
async entropy => {
  const { BitLayout } = await import("/js/bitstream/bit_layout.js");
  try {
    return new BitLayout(entropy).tableCount;
  } catch (error) {
    return error.name;
  }
}
"""


@pytest.fixture(scope="module")
def cases():
    """(as the page takes it, without bits and section; bits; section; layout; tables)"""
    random = np.random.default_rng(30)
    made = []
    for _ in range(CASES):
        layout = random_layout(random)
        tables, bits = random_bit_tables(random, layout), random_bits(random, layout)
        quality = int(random.integers(1, len(layout.sent) + 1))
        sections = bit_sections.encode(bits, quality, {"latents": tables}, layout, range_coder)
        case = {
            "cdf": tables.cdf.tolist(),
            "offset": tables.cdf_offset.tolist(),
            "entropy": layout.to_manifest(),
            "quality": quality,
            "shape": bits.shape,
        }
        made.append((case, bits, sections[0], layout, tables))
    return made


def decode(case, section, layout, tables) -> list[int] | None:
    """What Python makes of a section; None where it is refused."""
    height, width, _ = case["shape"]
    try:
        return bit_sections.decode(
            (section,), case["quality"], height, width, {"latents": tables}, layout, range_coder
        ).ravel().tolist()
    except BitstreamError:
        return None


def test_bits_are_written_as_the_same_bytes(page, cases):
    written = page.evaluate(
        _SECTIONS, [{**case, "bits": bits.ravel().tolist()} for case, bits, *_ in cases]
    )
    assert [bytes(section) for section in written] == [section for _, _, section, *_ in cases]


def test_bytes_are_read_as_the_same_bits_and_those_not_sent_are_0(page, cases):
    read = page.evaluate(
        _SECTIONS, [{**case, "section": list(section)} for case, _, section, *_ in cases]
    )
    for found, (case, bits, section, layout, tables) in zip(read, cases):
        assert found == decode(case, section, layout, tables)
        sent = layout.sent[case["quality"] - 1]
        np.testing.assert_array_equal(
            np.reshape(found, bits.shape), np.where(np.arange(layout.channels) < sent, bits, 0)
        )


def test_damaged_sections_are_refused_or_read_as_in_python(page, cases):
    random = np.random.default_rng(31)
    asked, expected = [], []
    for case, _, section, layout, tables in cases:
        changed = bytearray(section)
        changed[random.integers(len(changed))] ^= 1 << random.integers(8)
        for damaged in (bytes(changed), section[:-1], section + b"\0", random.bytes(len(section))):
            asked.append({**case, "section": list(damaged)})
            expected.append(decode(case, damaged, layout, tables))
    read = page.evaluate(_SECTIONS, asked)
    assert [None if isinstance(answer, str) else answer for answer in read] == expected
    refusals = [answer for answer in read if isinstance(answer, str)]
    assert refusals and all(answer.startswith("CodecError") for answer in refusals)


def test_a_layout_whose_contexts_lie_in_later_passes_is_refused(page, cases):
    entropy = cases[0][0]["entropy"]
    assert page.evaluate(_LAYOUT, entropy) == cases[0][4].count
    first = ["9999", *entropy["contexts"][1:]]
    assert page.evaluate(_LAYOUT, {**entropy, "contexts": first}) == "CodecError"

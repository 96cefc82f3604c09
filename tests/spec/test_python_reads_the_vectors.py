"""Python reads and writes every test vector, with the range coder in C and with Python's."""

import pytest

from tests import needs
from tests.spec.numpy_reader import READER
from tests.spec.reader import hold_against
from tests.spec.readers_table import expected_counts
from tests.spec.vector_file import NAMES
from tfcomp.bitstream import range_coder

C_CODER = range_coder._range_coder


@pytest.mark.skipif(C_CODER is None, reason=needs.EXTENSION)
@pytest.mark.parametrize("name", NAMES)
def test_with_the_c_extension(name):
    assert hold_against(READER, name) == expected_counts("Python", name)


@pytest.mark.parametrize("name", NAMES)
def test_with_the_range_coder_in_python(name, monkeypatch):
    monkeypatch.setattr(range_coder, "_range_coder", None)
    assert hold_against(READER, name) == expected_counts("Python's range coder", name)

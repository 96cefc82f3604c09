"""Stock TensorFlow operations read and write every test vector."""

import pytest

from tests import needs
from tests.spec.reader import hold_against
from tests.spec.readers_table import expected_counts
from tests.spec.vector_file import NAMES

pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)

from tests.spec import compiled_coder, graph_reader  # noqa: E402


@pytest.mark.parametrize("name", NAMES)
def test_in_stock_operations(name, monkeypatch):
    compiled_coder.serve(monkeypatch)
    made = hold_against(graph_reader.READER, name)
    assert made == expected_counts("TensorFlow operations", name)

"""The stored vectors are those that Python writes today, and the table of readers is whole."""

from tests.spec import make_vectors, readers_table
from tests.spec.refusals import MESSAGES
from tests.spec.vector_file import FOLDER, NAMES, checks_of, counts_of

READERS = ["Python", "Python's range coder", "TensorFlow operations", "C", "JavaScript"]
# picture_vectors.large_odd_files has these.
TOO_LARGE_FOR_TEXT = {"many-boxes", "metadata-large"}


def test_writing_them_again_gives_the_same_bytes(tmp_path):
    make_vectors.write(tmp_path)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_bytes() for path in FOLDER.glob("*.txt")}


def test_every_reader_has_a_word_on_every_file():
    table = readers_table.table()
    assert list(table) == READERS
    for reader, does in table.items():
        assert sorted(does) == NAMES, reader


def test_what_a_reader_leaves_out_is_explained_beside_the_table():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for reader, does in readers_table.table().items():
        for name, done in does.items():
            counts = counts_of(name)
            asked = {what for what in ("read", "write") if counts[what]}
            assert asked <= done or f"\n- {reader}, " in text, (reader, name)


def test_every_kind_of_refusal_is_among_the_vectors_and_explained():
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    kinds = {check.kind for name in NAMES for check in checks_of(name) if check.what == "refuse"}
    assert kinds | TOO_LARGE_FOR_TEXT == set(MESSAGES)
    assert all(f"`{kind}`" in text for kind in kinds)


def test_names_of_cases_are_unique_in_their_file():
    for name in NAMES:
        text = (FOLDER / f"{name}.txt").read_text(encoding="ascii")
        cases = [line for line in text.splitlines() if line.startswith("case ")]
        assert cases and len(cases) == len(set(cases)), name

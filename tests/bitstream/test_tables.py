from __future__ import annotations

import io
import os
import tempfile
import zipfile

import numpy as np
import pytest

from tests.damage import mutants
from tfcomp.bitstream.tables import CdfTables, load_tables, save_tables
from tfcomp.errors import BundleError

from .coder_cases import tables_of
from .zip_faults import two_meanings

TWO = ([-4, 0, 3, 12, 15, 16], [3, 0, 1, 7, 8])


def test_tables_are_split_where_they_end():
    tables = tables_of(*TWO, offsets=[-1, 5])
    assert tables.count == 2
    assert tables.starts.tolist() == [0, 6, 11]
    assert tables.models == [([0, 3, 12, 15, 16], 4, 3), ([0, 1, 7, 8], 3, -1)]


def test_arrays_are_read_only_copies():
    cdf = np.array(TWO[0], dtype=np.int32)
    tables = CdfTables(cdf, np.zeros(1, np.int32), np.zeros(1, np.float32))
    cdf[2] = 5
    assert tables.cdf[2] == 3
    with pytest.raises(ValueError):
        tables.cdf[2] = 5


@pytest.mark.parametrize(
    "cdf",
    [
        [],
        [0, 0, 1],
        [17, 0, 1 << 17],
        [-17, 0, 1 << 17],
        [-(2**31), 0, 1],
        [-4],
        [-4, 0],
        [-4, 16],
        [-4, 0, 5],
        [-4, 1, 16],
        [-4, 0, 0, 16],
        [-4, 0, 5, 5, 16],
        [-4, 0, 7, 5, 16],
        [-4, 0, -1, 16],
        [-4, 0, 17, 16],
        [-4, 0, 5, 16, 16],
        [-4, 0, 5, 16, -4],
        [-4, 0, 16, -4, 1, 16],
        [2, 0, 4, 4, 0, 16],  # TFC reads the second table's precision as padding
    ],
)
def test_malformed_cumulative_distributions_are_refused(cdf):
    with pytest.raises(BundleError):
        CdfTables(np.array(cdf, np.int32), np.zeros(1, np.int32), np.zeros(1, np.float32))


@pytest.mark.parametrize(
    ("cdf_offset", "quantization_offset"),
    [
        (np.zeros(2, np.int32), np.zeros(1, np.float32)),
        (np.zeros(1, np.int32), np.zeros(2, np.float32)),
        (np.zeros((1, 1), np.int32), np.zeros(1, np.float32)),
        (np.zeros(1, np.float32), np.zeros(1, np.float32)),
        (np.array([2**31], np.int64), np.zeros(1, np.float32)),
        (np.zeros(1, np.int32), np.array([np.nan], np.float32)),
        (np.array(["a"]), np.zeros(1, np.float32)),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(cdf_offset, quantization_offset):
    with pytest.raises(BundleError):
        CdfTables(np.array(TWO[0], np.int32), cdf_offset, quantization_offset)


def test_the_digest_is_that_of_the_content():
    digest = tables_of(*TWO).digest()
    assert digest == "b05dc25e7c0b64cd342e7561a01fddb0511638279a4d2843ef076d696ea6faf3"
    assert digest == tables_of(*TWO).digest()
    others = [
        tables_of(TWO[0]),
        tables_of(*TWO, offsets=[0, 1]),
        tables_of([-4, 0, 3, 13, 15, 16], TWO[1]),
        CdfTables(tables_of(*TWO).cdf, np.zeros(2, np.int32), np.array([0, 0.5], np.float32)),
    ]
    assert len({digest, *(other.digest() for other in others)}) == 5


def test_saved_tables_come_back_and_numpy_reads_them(tmp_path):
    saved = {"latents": tables_of(*TWO, offsets=[-3, 2]), "hyper": tables_of(TWO[1])}
    path = tmp_path / "tables.npz"
    save_tables(path, saved)
    loaded = load_tables(path)
    assert {name: tables.digest() for name, tables in loaded.items()} == {
        name: tables.digest() for name, tables in saved.items()
    }
    with np.load(path, allow_pickle=False) as arrays:
        assert sorted(arrays) == [
            f"{name}/{array}"
            for name in ("hyper", "latents")
            for array in ("cdf", "cdf_offset", "quantization_offset")
        ]
        assert arrays["latents/cdf"].dtype == np.int32
        assert arrays["latents/cdf_offset"].tolist() == [-3, 2]
        assert arrays["latents/quantization_offset"].dtype == np.float32


def test_the_same_tables_make_the_same_file(tmp_path):
    first, second = tables_of(*TWO), tables_of(TWO[1])
    save_tables(tmp_path / "a.npz", {"a": first, "b": second})
    save_tables(tmp_path / "b.npz", {"b": second, "a": first})
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_files_written_by_numpy_are_read(tmp_path):
    np.savez_compressed(tmp_path / "t.npz", **tables_of(*TWO).to_arrays("latents"))
    assert load_tables(tmp_path / "t.npz")["latents"].digest() == tables_of(*TWO).digest()


def test_a_tables_file_cut_short_raises_bundle_error(tmp_path):
    path = tmp_path / "tables.npz"
    save_tables(path, {"latents": tables_of(*TWO)})
    data = path.read_bytes()
    for length in [*range(0, len(data), 7), len(data) - 1]:
        path.write_bytes(data[:length])
        with pytest.raises(BundleError):
            load_tables(path)


def test_a_damaged_tables_file_raises_bundle_error_or_means_the_same(tmp_path):
    path = tmp_path / "tables.npz"
    tables = tables_of(TWO[0])
    save_tables(path, {"latents": tables})
    data = path.read_bytes()
    for position in range(0, len(data), 3):
        path.write_bytes(data[:position] + bytes([data[position] ^ 0x41]) + data[position + 1 :])
        try:
            loaded = load_tables(path)
        except BundleError:
            continue
        assert [each.digest() for each in loaded.values()] == [tables.digest()]


def npy(array) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


@pytest.mark.parametrize(
    "entries",
    [
        {},
        {"latents/cdf.npy": npy(np.array(TWO[0], np.int32))},
        {"latents/cdf.npy": npy(np.array([{}], dtype=object))},
        {"latents/cdf.npy": npy(np.zeros(3))},
        {"latents/other.npy": npy(np.zeros(3, np.int32))},
        {"readme.txt": b"hello"},
        {"latents/cdf.npy": b"\x93NUMPY\x01\x00" + b"\xff\xff" + b"(" * 65535},
        {
            "latents/cdf.npy": npy(np.array(TWO[0], np.int32)),
            "latents/cdf_offset.npy": npy(np.zeros(1, np.int32)).replace(b"(1,)", b"(9,)"),
            "latents/quantization_offset.npy": npy(np.zeros(1, np.float32)),
        },
    ],
)
def test_other_archives_raise_bundle_error(tmp_path, entries):
    path = tmp_path / "tables.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    with pytest.raises(BundleError):
        load_tables(path)


def test_an_archive_that_unpacks_to_too_much_is_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / "tables.npz"
    save_tables(path, {"latents": tables_of(*TWO)})
    monkeypatch.setattr("tfcomp.bitstream.tables.MAX_TABLES_BYTES", 100)
    with pytest.raises(BundleError, match="more than 100 bytes"):
        load_tables(path)


def test_a_missing_file_and_a_directory_raise_bundle_error(tmp_path):
    with pytest.raises(BundleError, match="does not exist"):
        load_tables(tmp_path / "none.npz")
    with pytest.raises(BundleError):
        load_tables(tmp_path)


def saved_bytes(tmp_path, **sections) -> bytes:
    save_tables(tmp_path / "saved.npz", sections)
    return (tmp_path / "saved.npz").read_bytes()


def test_tables_are_read_from_bytes_without_a_file(tmp_path, monkeypatch):
    data = saved_bytes(tmp_path, latents=tables_of(*TWO))
    monkeypatch.setattr(tempfile, "mkdtemp", lambda *_, **__: pytest.fail("a temporary folder"))
    assert load_tables(data)["latents"].digest() == tables_of(*TWO).digest()


def test_an_archive_with_two_meanings_is_refused(tmp_path):
    sound = saved_bytes(tmp_path, latents=tables_of(*TWO))
    other = saved_bytes(tmp_path, latents=tables_of(TWO[1], TWO[0]))
    for label, archive in two_meanings(sound, other):
        (tmp_path / "two.npz").write_bytes(archive)
        with pytest.raises(BundleError) as refusal:
            load_tables(tmp_path / "two.npz")
            pytest.fail(label)
        assert "\n" not in str(refusal.value)


def test_only_bundle_error_comes_out_of_mutated_tables(tmp_path):
    random = np.random.default_rng(19)
    packed = io.BytesIO()
    np.savez_compressed(packed, **tables_of(*TWO).to_arrays("latents"))
    stored = saved_bytes(tmp_path, latents=tables_of(*TWO), hyper=tables_of(TWO[1]))
    expected = tables_of(*TWO).digest()
    for mutant in mutants([stored, packed.getvalue()], 600, random):
        (tmp_path / "mutant.npz").write_bytes(mutant)
        try:
            tables = load_tables(tmp_path / "mutant.npz")
        except BundleError as error:
            assert "\n" not in str(error)
        else:
            assert tables["latents"].digest() == expected


def test_a_pipe_in_the_place_of_a_tables_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "tables.npz")
    with pytest.raises(BundleError, match="regular file"):
        load_tables(tmp_path / "tables.npz")

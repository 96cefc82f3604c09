"""What a file or a user gets wrong is one line on standard error and exit code 2."""

import os
import shutil
import subprocess
import sys

import pytest
from PIL import Image

import tfcomp
from tests.bundle_factory import photo
from tfcomp.cli import main


@pytest.fixture(autouse=True)
def workplace(installed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(photo(6, 6)).save("photo.png")
    (tmp_path / "good.tfcomp").write_bytes(tfcomp.load("tiny").compress(photo(6, 6)))
    (tmp_path / "half.tfcomp").write_bytes((tmp_path / "good.tfcomp").read_bytes()[:-3])
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "nothing.tfcomp").write_bytes(b"")
    (tmp_path / "text.png").write_text("hello\nworld")
    (tmp_path / "two\nlines\x1b.png").write_text("hello")
    (tmp_path / "folder.png").mkdir()
    return tmp_path


WRONG = [
    ("compress missing.png", "does not exist"),
    ("compress empty.png", "is empty"),
    ("compress text.png", "not an image"),
    ("compress folder.png", "holds no files"),
    ("compress good.tfcomp", "already ends in .tfcomp"),
    ("compress good.tfcomp x.tfcomp", "already a .tfcomp file"),
    ("compress photo.png photo.png/x.tfcomp", "not a folder"),
    ("compress photo.png missing/x.tfcomp", "not a folder"),
    ("compress photo.png x.tfcomp --quality 3", "qualities 1 to 2"),
    ("compress photo.png x.tfcomp --quality high", "invalid int"),
    ("compress photo.png x.tfcomp --quality 1 --bpp 2", "not allowed"),
    ("compress photo.png x.tfcomp --bpp -1", "positive"),
    ("compress photo.png x.tfcomp --bpp nan", "positive"),
    ("compress photo.png x.tfcomp --max-bytes 3", "bytes at the least, more than the 3"),
    ("compress photo.png x.tfcomp --psnr nan", "positive"),
    ("compress photo.png x.tfcomp --psnr 30 --quality 1", "not allowed"),
    ("compress photo.png x.tfcomp --psnr 70", "below the 70 asked for; ask for less"),
    ("compress photo.png x.tfcomp --ms-ssim 38", "at most 1, such as 0.98"),
    ("compress photo.png x.tfcomp --ms-ssim 0.9", "needs 176 pixels a side"),
    ("compress photo.png x.tfcomp --model nothing", "no model 'nothing'"),
    ("compress photo.png x.tfcomp --model photo.png", "not a bundle"),
    ("compress photo.png x.tfcomp --refine -3", "0 steps or more"),
    ("compress photo.png x.tfcomp --feedback -3", "0 rounds or more"),
    ("compress photo.png x.tfcomp --feedback 1", "no gains for feedback"),
    ("compress photo.png b.png new.tfcomp", "with -o"),
    ("compress photo.png x.tfcomp --background pinkish", "no colour"),
    ("compress photo.png x.tfcomp --background #ffffff80", "transparent"),
    ("compress photo.png -o", "expected one argument"),
    ("compress", "required"),
    ("decompress missing.tfcomp", "does not exist"),
    ("decompress nothing.tfcomp", "is empty"),
    ("decompress half.tfcomp", "CRC"),
    ("decompress photo.png x.png", "not a .tfcomp file"),
    ("decompress folder.png x", "holds no files"),
    ("decompress good.tfcomp x.xyz", "can't be written as '.xyz'"),
    ("decompress good.tfcomp x", "can't be written"),
    ("decompress good.tfcomp x.tfcomp", "can't be written"),
    ("decompress good.tfcomp --format docx", "can't be written"),
    ("decompress good.tfcomp missing/x.png", "not a folder"),
    ("decompress good.tfcomp x.png --max-pixels 0", "1 or more"),
    ("decompress good.tfcomp x.png --max-pixels 35", "limit of 35"),
    ("info missing", "does not exist"),
    ("info folder.png", "is a folder"),
    ("info half.tfcomp", "CRC"),
    ("info nothing.tfcomp", "is empty"),
    ("info photo.png", "not a .tfcomp file"),
    ("explode photo.png", "invalid choice"),
    ("", "required"),
]


@pytest.mark.parametrize(("line", "words"), WRONG, ids=[line for line, _ in WRONG])
def test_one_line_and_exit_code_2_and_nothing_lost(line, words, workplace, capsys):
    before = {p: p.read_bytes() for p in workplace.iterdir() if p.is_file()}
    model = ["--model", "tiny"] if line.startswith("compress") and "--model" not in line else []
    try:
        code = main([*line.split(), *model])
    except SystemExit as end:
        code = end.code
    captured = capsys.readouterr()
    assert code == 2
    assert captured.out == ""
    assert captured.err.startswith("tfcomp: ")
    assert captured.err.count("\n") == 1
    assert words in captured.err
    assert {p: p.read_bytes() for p in workplace.iterdir() if p.is_file()} == before


def test_a_name_with_a_line_break_stays_on_one_line(capsys):
    assert main(["compress", "two\nlines\x1b.png", "x.tfcomp", "--model", "tiny"]) == 2
    assert capsys.readouterr().err == (
        "tfcomp: two\\nlines\\x1b.png is not an image of a format that is read here (PNG, JPEG, "
        "WebP, TIFF and more); convert it to one of these\n"
    )


def test_a_name_that_is_no_text_is_printed_all_the_same(workplace):
    name = b"caf\xe9.png"
    shutil.copy("photo.png", name)
    for encoding in ("utf-8", "ascii"):
        child = subprocess.run(
            [sys.executable, "-m", "tfcomp", "compress", name, "-o", b"out.tfcomp", "-m", "tiny"],
            capture_output=True,
            check=False,
            env={**os.environ, "PYTHONIOENCODING": encoding},
        )
        assert (child.returncode, child.stderr) == (0, b"")
        assert child.stdout.startswith(b"caf\\udce9.png -> out.tfcomp")


def test_a_full_disk_loses_nothing(workplace, capsys, monkeypatch):
    (workplace / "x.tfcomp").write_text("old")  # no image

    def full_disk(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    before = sorted(os.listdir())
    assert main(["compress", "photo.png", "-o", "x.tfcomp", "--model", "tiny"]) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert (workplace / "x.tfcomp").read_text() == "old"
    assert sorted(os.listdir()) == before


def test_no_memory_is_an_error_in_a_line(capsys, monkeypatch):
    from tfcomp.bitstream import range_coder

    def no_memory(*arguments):
        raise MemoryError

    monkeypatch.setattr(range_coder, "decode_rows", no_memory)
    assert main(["decompress", "good.tfcomp", "x.png"]) == 2
    assert "not enough memory" in capsys.readouterr().err

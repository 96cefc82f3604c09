"""The two main commands on single files and pipes."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tfcomp
from tests.bundle_factory import MAX_ERROR, photo, write_bundle
from tfcomp.cli import main
from tfcomp.evaluation.metrics import psnr


@pytest.fixture(autouse=True)
def workplace(installed, tmp_path, monkeypatch):
    """A working folder with photo.png in it, and the bundle "tiny" installed."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(photo(30, 40)).save("photo.png")
    return tmp_path


def compress(*arguments: str) -> int:
    return main(["compress", "--model", "tiny", *arguments])


def tfcomp_process(*arguments: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "tfcomp", *arguments], capture_output=True, check=False, **options
    )


def test_a_round_trip_with_the_names_made_up(capsys):
    assert compress("photo.png") == 0
    line = capsys.readouterr().out
    size = os.path.getsize("photo.tfcomp")
    assert line.startswith("photo.png -> photo.tfcomp: 40x30, ")
    assert f"-> {size} bytes" in line
    assert f"{8 * size / 1200:.3f} bits/pixel, quality 2 of 2, model tiny" in line
    os.rename("photo.png", "original.png")
    assert main(["decompress", "photo.tfcomp"]) == 0
    decoded = np.asarray(Image.open("photo.png")).astype(int)
    assert np.abs(decoded - photo(30, 40)).max() <= MAX_ERROR[2]


def test_a_target_is_reached_and_the_line_says_with_how_much(capsys):
    files = {q: tfcomp.compress(photo(30, 40), q, model="tiny") for q in (1, 2)}
    reached = {q: psnr(photo(30, 40), tfcomp.decompress(data)) for q, data in files.items()}
    for q in (1, 2):
        assert compress("photo.png", "--psnr", str(reached[q] - 0.1), "-o", "x.tfcomp") == 0
        assert Path("x.tfcomp").read_bytes() == files[q]
        assert f"; {int(reached[q] * 100) / 100:.2f} dB" in capsys.readouterr().out
    assert compress("photo.png", "--psnr", "20", "-o", "x.tfcomp", "--json") == 0
    assert json.loads(capsys.readouterr().out)["reached"] == pytest.approx(reached[1])


def test_made_up_names_never_overwrite_without_force(capsys):
    assert compress("photo.png") == 0
    original = Path("photo.png").read_bytes()
    assert main(["decompress", "photo.tfcomp"]) == 2
    assert "photo.png exists" in capsys.readouterr().err
    assert Path("photo.png").read_bytes() == original
    assert main(["decompress", "--force", "photo.tfcomp"]) == 0
    assert Path("photo.png").read_bytes() != original


def test_a_name_that_was_typed_is_overwritten_but_never_with_the_input_itself(capsys, tmp_path):
    (tmp_path / "out.tfcomp").write_text("old")
    assert compress("photo.png", "-o", "out.tfcomp") == 0
    assert tfcomp.decompress("out.tfcomp").shape == (30, 40, 3)
    original = Path("photo.png").read_bytes()
    os.link("photo.png", "same.png")
    os.symlink("photo.png", "link.png")
    for target in ("photo.png", "same.png", "link.png", str(tmp_path / "photo.png")):
        assert compress("--force", "photo.png", "-o", target) == 2
        assert "the input itself" in capsys.readouterr().err
    assert Path("photo.png").read_bytes() == original


def test_out_may_be_a_folder(tmp_path):
    (tmp_path / "sub").mkdir()
    assert compress("photo.png", "sub") == 0
    assert main(["decompress", "sub/photo.tfcomp", "-o", "sub"]) == 0
    assert sorted(os.listdir("sub")) == ["photo.png", "photo.tfcomp"]


@pytest.mark.parametrize(
    ("target", "options", "expected"),
    [
        ("x.png", [], "PNG"),
        ("x.JPG", [], "JPEG"),
        ("x.webp", [], "WEBP"),
        ("x.bmp", [], "BMP"),
        ("x", ["--format", "png"], "PNG"),
        ("x.tif", ["--format", ".jpg"], "JPEG"),
    ],
)
def test_the_ending_or_format_option_decides_the_format(target, options, expected):
    compress("photo.png")
    assert main(["decompress", "photo.tfcomp", target, *options]) == 0
    with Image.open(target) as image:
        assert (image.format, image.size) == (expected, (40, 30))


def test_the_format_option_names_the_file_too():
    compress("photo.png")
    assert main(["decompress", "photo.tfcomp", "--format", "webp"]) == 0
    decoded = np.asarray(Image.open("photo.webp"))
    np.testing.assert_array_equal(decoded, tfcomp.decompress("photo.tfcomp"))  # lossless


def test_rates_can_be_asked_for(capsys):
    sizes = []
    for quality in ("1", "2"):
        assert compress("photo.png", f"{quality}.tfcomp", "--quality", quality) == 0
        sizes.append(os.path.getsize(f"{quality}.tfcomp"))
    assert compress("photo.png", "fit.tfcomp", "--max-bytes", str(sizes[1] - 1)) == 0
    assert os.path.getsize("fit.tfcomp") == sizes[0]
    assert compress("photo.png", "-o", "fit.tfcomp", "--bpp", str(8 * sizes[1] / 1200)) == 0
    assert os.path.getsize("fit.tfcomp") == sizes[1]
    assert compress("photo.png", "no.tfcomp", "--max-bytes", "10") == 2
    assert f"takes {sizes[0]} bytes" in capsys.readouterr().err
    assert not os.path.exists("no.tfcomp")


def test_json_is_one_object_a_file(capsys):
    compress("photo.png", "--json", "-q", "1")
    record = json.loads(capsys.readouterr().out)
    size = os.path.getsize("photo.tfcomp")
    assert record == {
        "input": "photo.png",
        "output": "photo.tfcomp",
        "width": 40,
        "height": 30,
        "input_bytes": os.path.getsize("photo.png"),
        "bytes": size,
        "bits_per_pixel": 8 * size / 1200,
        "quality": 1,
        "model": "tiny",
        "kept": [],
        "notes": [],
    }
    main(["decompress", "photo.tfcomp", "x.png", "--json"])
    assert json.loads(capsys.readouterr().out)["bytes"] == os.path.getsize("x.png")


def test_what_is_dropped_is_said_on_standard_error(capsys):
    Image.fromarray(photo(8, 8)).save("said.jpg", comment=b"a word")
    assert compress("said.jpg") == 0
    captured = capsys.readouterr()
    assert captured.err == "tfcomp: said.jpg: comments dropped\n"
    assert captured.out.count("\n") == 1


def test_decompress_finds_the_model_and_model_option_insists_on_it(capsys, tmp_path):
    other = str(write_bundle(tmp_path / "other", name="other", spread=3.0))
    assert main(["compress", "photo.png", "--model", other]) == 0
    assert main(["decompress", "photo.tfcomp", "x.png"]) == 2
    assert "not installed" in capsys.readouterr().err
    assert main(["decompress", "photo.tfcomp", "x.png", "--model", "tiny"]) == 2
    assert "not with 'tiny'" in capsys.readouterr().err
    assert main(["decompress", "photo.tfcomp", "x.png", "--model", other]) == 0


def test_pipes_through_real_processes(workplace):
    content = (workplace / "photo.png").read_bytes()
    packed = tfcomp_process("compress", "-", "-", "-m", "tiny", input=content)
    assert packed.returncode == 0
    assert packed.stderr.startswith(b"standard input -> standard output: 40x30")
    assert packed.stderr.count(b"\n") == 1
    unpacked = tfcomp_process("decompress", "-", "--json", input=packed.stdout)
    assert json.loads(unpacked.stderr)["width"] == 40
    with Image.open(io.BytesIO(unpacked.stdout)) as image:
        assert image.format == "PNG"
        np.testing.assert_array_equal(np.asarray(image), tfcomp.decompress(packed.stdout))
    unpacked = tfcomp_process("decompress", "-", "-", "--format", "webp", input=packed.stdout)
    assert unpacked.stdout[8:12] == b"WEBP"
    shown = tfcomp_process("info", "-", input=packed.stdout)
    assert b"40x30" in shown.stdout


def test_a_closed_pipe_is_no_traceback():
    compress("photo.png")
    child = subprocess.Popen(
        [sys.executable, "-m", "tfcomp", "decompress", "photo.tfcomp", "-"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    child.stdout.close()
    errors = child.stderr.read()
    child.stderr.close()
    assert child.wait(20) == 141
    assert b"Traceback" not in errors


def test_an_interrupt_ends_with_130_and_one_line_and_leaves_nothing():
    script = (
        "import os, signal, sys\n"
        # A background job of a shell without job control inherits an ignored SIGINT.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from tfcomp.cli import main\n"
        "from tfcomp.networks.interpreter import Network\n"
        "Network.run = lambda self, **inputs: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    child = subprocess.run(
        [sys.executable, "-c", script, "compress", "photo.png", "out.tfcomp", "-m", "tiny"],
        capture_output=True,
        check=False,
    )
    assert child.returncode == 130
    assert child.stderr == b"tfcomp: interrupted\n"
    assert os.listdir() == ["photo.png"]

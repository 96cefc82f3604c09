"""Animations and folders of frames become sequences, and sequences become those again."""

import json

import numpy as np
import pytest
from PIL import Image

import tfcomp
from tests.bundle_factory import photo
from tests.cli.test_whole_pictures import EXIF, WIDE, XMP
from tfcomp.cli import main

PHOTO = photo(24, 32)
FRAMES = [Image.fromarray(np.roll(PHOTO, 5 * shift, 1)) for shift in range(4)]
DURATIONS = [40, 50, 60, 1000]


@pytest.fixture(autouse=True)
def workplace(installed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save("clip.webp")
    return tmp_path


def save(name, frames=tuple(FRAMES), **options):
    frames[0].save(
        name, save_all=True, append_images=frames[1:], duration=DURATIONS, loop=2, **options
    )


def compress(*arguments):
    return main(["compress", "--model", "tiny", *arguments])


def told(path):
    """Durations and loops of an animation file."""
    with Image.open(path) as image:
        durations = []
        for number in range(image.n_frames):
            image.seek(number)
            image.load()
            durations.append(int(image.info["duration"]))
        return durations, image.info.get("loop")


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp", ".avif"])
def test_an_animation_becomes_a_sequence_and_an_animation_again(suffix):
    save(f"clip{suffix}")
    assert compress(f"clip{suffix}", "-o", "clip.tfcomp") == 0
    frames = tfcomp.read_frames("clip.tfcomp")
    assert (len(frames), frames.durations) == (4, tuple(DURATIONS))
    assert main(["decompress", "clip.tfcomp", "-o", f"again{suffix}"]) == 0
    durations, loops = told(f"again{suffix}")
    assert durations == DURATIONS
    assert suffix == ".avif" or loops == told(f"clip{suffix}")[1]


def test_first_takes_one_frame_as_a_picture(capsys):
    assert compress("clip.webp", "--frames", "first", "-o", "one.tfcomp") == 0
    assert "only frame 1 of 4 kept" in capsys.readouterr().err
    assert tfcomp.read_frames("one.tfcomp").durations == (0,)


def test_a_folder_is_one_sequence_in_the_order_of_its_numbers(workplace):
    (workplace / "frames").mkdir()
    for number, frame in enumerate(FRAMES):
        frame.save(workplace / "frames" / f"f{8 + number}.png")
    assert compress("--sequence", "--fps", "24", "frames") == 0
    frames = tfcomp.read_frames("frames.tfcomp")
    assert frames.durations == (42, 41, 42, 42)
    for frame, original in zip(frames, FRAMES):
        assert np.abs(frame.pixels.astype(int) - np.asarray(original)).mean() < 6


def test_frames_are_written_as_numbered_pictures(workplace, capsys):
    compress("clip.webp")
    assert main(["decompress", "clip.tfcomp", "--frames", "out"]) == 0
    names = sorted(path.name for path in (workplace / "out").iterdir())
    assert names == ["0001.png", "0002.png", "0003.png", "0004.png"]
    assert main(["decompress", "clip.tfcomp", "--frames", "out"]) == 2
    assert "is not empty" in capsys.readouterr().err


def test_a_format_of_stills_takes_the_first_frame_and_says_so(capsys):
    compress("clip.webp")
    assert main(["decompress", "clip.tfcomp", "-o", "still.jpg"]) == 0
    assert "only the first of 4 frames" in capsys.readouterr().err
    assert Image.open("still.jpg").size == (32, 24)


def test_transparency_of_frames_is_kept():
    frames = [frame.convert("RGBA") for frame in FRAMES]
    for shift, frame in enumerate(frames):
        frame.putalpha(Image.fromarray(np.full((24, 32), 60 * shift, np.uint8)))
    save("clear.webp", frames, lossless=True)
    assert compress("clear.webp") == 0
    for shift, picture in enumerate(tfcomp.read_frames("clear.tfcomp")):
        assert (picture.pixels[..., 3] == 60 * shift).all()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["clip.webp", "--bpp", "1"], "--frames first"),
        (["clip.webp", "--tiles", "64"], "--frames first"),
        (["clip.webp", "--fps", "25"], "--fps is for --sequence"),
        (["--sequence", "clip.webp"], "takes folders"),
        (["--sequence", "--fps", "0", "."], "--fps is above 0"),
        (["--sequence", "--max-bytes", "9", "."], "single pictures"),
        (["--sequence", "empty"], "holds no pictures"),
        (["clip.webp", "-q", "1.5"], "whole number"),
    ],
)
def test_what_cannot_be_done_is_one_line(workplace, arguments, said, capsys):
    (workplace / "empty").mkdir()
    assert compress(*arguments) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_frames_of_several_sizes_are_one_line(workplace, capsys):
    (workplace / "frames").mkdir()
    FRAMES[0].save("frames/1.png")
    Image.new("RGB", (8, 8)).save("frames/2.png")
    assert compress("--sequence", "frames") == 2
    assert "frames of one size" in capsys.readouterr().err
    assert not (workplace / "frames.tfcomp").exists()


def test_a_damaged_frame_is_one_line_and_no_file(workplace, capsys):
    data = (workplace / "clip.webp").read_bytes()
    (workplace / "cut.webp").write_bytes(data[: 3 * len(data) // 4])
    assert compress("cut.webp") == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (workplace / "cut.tfcomp").exists()


def test_json_tells_of_frames(capsys):
    assert compress("clip.webp", "--json") == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["frames"], record["seconds"]) == (4, 1.15)


def test_info_tells_how_a_sequence_is_played(capsys):
    compress("clip.webp", "--json")
    capsys.readouterr()
    assert main(["info", "clip.tfcomp"]) == 0
    line = next(li for li in capsys.readouterr().out.splitlines() if li.startswith("frames"))
    assert line.split(maxsplit=1)[1] == "4 frames in 1.15 s, 40 to 1000 ms each, played 2 times"
    assert main(["info", "clip.tfcomp", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["durations"], record["loops"]) == (DURATIONS, 2)


def compressed_again(path):
    """The first frame of what a file is read as."""
    assert compress(path, "-o", "twice.tfcomp") == 0
    return tfcomp.read_frames("twice.tfcomp")[0]


@pytest.mark.parametrize("suffix", [".gif", ".png", ".webp", ".avif"])
def test_what_a_format_holds_goes_with_an_animation_and_the_rest_is_said(suffix, capsys):
    save("clip.webp", exif=EXIF, xmp=XMP, icc_profile=WIDE)
    compress("clip.webp", "-o", "clip.tfcomp")
    held = tfcomp.read_frames("clip.tfcomp")[0]
    assert held.exif and held.xmp == XMP and held.icc_profile == WIDE
    capsys.readouterr()
    assert main(["decompress", "clip.tfcomp", "-o", f"again{suffix}"]) == 0
    said = capsys.readouterr().err
    with Image.open(f"again{suffix}") as image:
        if suffix == ".gif":
            assert "EXIF dropped" in said and "XMP dropped" in said
            assert said.count("colours converted") == 1
            assert "icc_profile" not in image.info
        else:
            assert "dropped" not in said
            again = compressed_again(f"again{suffix}")
            assert (again.exif, again.xmp, again.icc_profile) == (held.exif, XMP, WIDE)

"""What `tfcomp teach` takes pictures for before it is told of their channels and depth."""

import numpy as np
import pytest
from PIL import Image

from tests import bundle_factory, needs
from tests.channels import pictures
from tfcomp.errors import CodecError, ConfigError
from tfcomp.image_spec import GREY8, RGB8, ImageSpec

pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)
from tfcomp.teaching.kinds import Wanted  # noqa: E402
from tfcomp.teaching.pictures import open_pictures  # noqa: E402


def arrays(folder, count=9, **spec):
    """.npy files, and the folder."""
    folder.mkdir(exist_ok=True)
    for seed in range(count):
        np.save(folder / f"{seed}.npy", pictures.whole(seed, **spec))
    return str(folder)


def photographs(folder, modes):
    folder.mkdir(exist_ok=True)
    for number, mode in enumerate(modes):
        image = Image.fromarray(bundle_factory.photo(64, 64, seed=number)).convert(mode)
        image.save(folder / f"{number}.png")
    return str(folder)


def refusal(source, wanted=None):
    with pytest.raises(CodecError) as caught:
        open_pictures(str(source), wanted=wanted or Wanted())
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_bits_are_the_least_usual_depth_that_holds_all_values(tmp_path):
    given = open_pictures(arrays(tmp_path / "five", channels=5, bits=14))
    assert given.spec == given.source.spec == ImageSpec(5, 14)
    high = max(int(np.load(file).max()) for file in (tmp_path / "five").iterdir())
    assert given.kind == (
        f"5 channels of 14 bits (uint16, values to {high:,}; --bits says otherwise)"
    )
    assert all(pixels.shape == (64, 96, 5) for _, pixels in given.held_out())


def test_bits_that_are_said_are_taken_and_values_beyond_them_refused(tmp_path):
    source = arrays(tmp_path / "five", channels=5, bits=12)
    assert open_pictures(source, wanted=Wanted(bits=16)).spec.bits == 16
    assert "values from" in refusal(source, Wanted(bits=10))


def test_deep_grey_and_deep_colours_keep_their_bits(tmp_path):
    tifffile = pytest.importorskip("tifffile", reason=needs.ARRAYS)
    for folder, channels in (("grey", 1), ("rgb", 3)):
        (tmp_path / folder).mkdir()
        for seed in range(9):
            image = pictures.whole(seed, channels, 16)
            photometric = "rgb" if channels == 3 else "minisblack"
            path = tmp_path / folder / f"{seed}.tif"
            tifffile.imwrite(path, np.squeeze(image), photometric=photometric)
        found = open_pictures(str(tmp_path / folder))
        assert found.spec == ImageSpec(channels, 16)
    (tmp_path / "png").mkdir()
    for seed in range(9):
        image = pictures.whole(seed, 1, 16)[..., 0]
        Image.fromarray(image).save(tmp_path / "png" / f"{seed}.png")
    given = open_pictures(str(tmp_path / "png"))
    assert given.spec == ImageSpec(1, 16)
    assert "PNG 100%; I;16 100%" in given.survey.lines()[0]


def test_grey_stays_grey_where_all_are_grey_and_where_it_is_asked_for(tmp_path):
    grey = photographs(tmp_path / "grey", "LLLLLLLLL")
    mixed = photographs(tmp_path / "mixed", ["L"] * 8 + ["RGB"])
    found = open_pictures(grey)
    assert found.spec == GREY8 and "all are grey" in found.kind
    assert np.array_equal(
        found.source.read(0)[..., 0], np.asarray(Image.open(found.source.place(0).file))
    )
    assert open_pictures(grey, wanted=Wanted(channels=3)).spec == RGB8
    assert open_pictures(mixed).spec == RGB8 and open_pictures(mixed).kind == ""
    asked = open_pictures(mixed, wanted=Wanted(channels=1))
    assert asked.spec == GREY8 and asked.source.read(0).shape == (64, 64, 1)


def test_floats_need_a_range_which_holds_them_all(tmp_path):
    for seed in range(9):
        values = pictures.made(seed, 2, 8.0).astype(np.float32) - 2
        np.save(tmp_path / f"{seed}.npy", values)
    assert "2 channels of float32: give --range LOW HIGH" in refusal(tmp_path)
    given = open_pictures(str(tmp_path), wanted=Wanted(range=(-2.0, 6.0)))
    assert given.spec == ImageSpec(2, range=(-2.0, 6.0))
    assert given.kind.startswith("2 channels of float32 from -2 to 6 (float32, values from ")
    assert "values from" in refusal(tmp_path, Wanted(range=(0.0, 1.0)))


def test_what_is_not_a_number_is_refused_by_its_file(tmp_path):
    source = arrays(tmp_path, channels=2, bits=8)
    for number in range(9):
        values = np.ones([64, 96, 2], np.float32) * np.linspace(0, 1, 96, dtype=np.float32)[:, None]
        values[3, 4, 1] = np.nan if number == 7 else 0.5
        np.save(tmp_path / f"{number}.npy", values)
    assert "7.npy: the array holds NaN" in refusal(source, Wanted(range=(0.0, 1.0)))


@pytest.mark.parametrize(
    ("shape", "dtype", "words"),
    [
        ([20, 5, 64, 96], np.uint16, "channels come first"),
        ([5, 200, 300], np.uint16, "--channels 1 says, or its channels come first"),
        ([20, 64, 64], np.uint16, "nobody knows which of the axes.*--channels 64, or --channels 1"),
        ([20, 64, 96, 5], np.float64, "float64 is no picture; give float32"),
        ([20, 64, 96, 2], bool, "bool is no picture"),
        ([20, 64, 96, 2], np.complex64, "complex64 is no picture"),
        ([64], np.uint16, "is no picture"),
    ],
)
def test_what_is_no_picture_is_said_in_a_line(tmp_path, shape, dtype, words):
    import re

    np.save(tmp_path / "odd.npy", np.zeros(shape, dtype))
    assert re.search(f"odd.npy.*{words}", refusal(tmp_path))


def test_a_stack_of_grey_is_one_where_the_axes_tell_or_the_user_does(tmp_path):
    stack = np.concatenate([pictures.whole(s, 1, 12)[None, ..., 0] for s in range(9)])
    np.save(tmp_path / "few.npy", stack)
    assert "--channels 1" in refusal(tmp_path / "few.npy")
    given = open_pictures(str(tmp_path / "few.npy"), wanted=Wanted(channels=1))
    assert given.spec == ImageSpec(1, 12) and given.source.count == 6
    np.save(tmp_path / "many.npy", np.concatenate([stack] * 8))
    # 72 pictures of 64x96: 96 are no channels, and 72 are more than any model has.
    assert open_pictures(str(tmp_path / "many.npy")).spec == ImageSpec(1, 12)


def test_mixed_channels_and_mixed_depths_are_refused_with_both_names(tmp_path):
    source = arrays(tmp_path, channels=5, bits=12)
    np.save(tmp_path / "4.npy", pictures.whole(1, 4, 12))
    assert "4.npy has 4 channels of uint16: keep pictures of one kind" in refusal(source)
    np.save(tmp_path / "4.npy", pictures.whole(1, 5, 8))
    assert "4.npy has 5 channels of uint8: keep pictures of one kind" in refusal(source)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"channels": 65}, "1 to 64"),
        ({"bits": 17}, "8 to 16"),
        ({"range": (1.0, 1.0)}, "range"),
        ({"bits": 12, "range": (0.0, 1.0)}, "give one of them"),
    ],
)
def test_flags_that_no_picture_has_are_refused(values, said):
    with pytest.raises(ConfigError, match=said):
        Wanted(**values)


def test_a_tiff_says_its_channels_and_parts_without_data_are_left_out(tmp_path):
    tifffile = pytest.importorskip("tifffile", reason=needs.ARRAYS)
    for seed in range(9):
        image = pictures.whole(seed, 5, 12)
        image[:9] = 0 if seed == 3 else image[:9]
        tags = [(42113, "s", 0, "0", True)]
        layout = {"photometric": "minisblack", "planarconfig": "contig", "extratags": tags}
        tifffile.imwrite(tmp_path / f"{seed}.tif", image, **layout)
    given = open_pictures(str(tmp_path))
    assert given.spec == ImageSpec(5, 12)
    read = [given.source.read(number) for number in range(given.source.count)]
    read += [pixels for _, pixels in given.held_out()]
    assert sum(each is not None for each in read) == 8


def test_a_zarr_array_is_taken_by_the_names_of_its_dimensions(tmp_path):
    zarr = pytest.importorskip("zarr", minversion="3.1", reason=needs.ARRAYS)
    stack = np.moveaxis(np.stack([pictures.whole(seed, 5, 12) for seed in range(9)]), -1, 1)
    path = str(tmp_path / "stack.zarr")
    zarr.create_array(path, data=stack, dimension_names=("t", "band", "y", "x"))
    given = open_pictures(path)
    assert given.spec == ImageSpec(5, 12)
    assert np.array_equal(given.source.read(0), pictures.whole(0, 5, 12))

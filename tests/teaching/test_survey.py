"""What `tfcomp teach` sees in a folder of pictures before it begins."""

import numpy as np
import pytest
from PIL import Image

from tests import bundle_factory
from tfcomp.errors import ImageError

pytest.importorskip("tensorflow")
from tfcomp.data.folder_source import FolderSource, PictureFile  # noqa: E402
from tfcomp.teaching import survey as survey_module  # noqa: E402


class Files(FolderSource):
    """Files that nobody has opened yet."""

    def __init__(self, paths):
        self._files = [PictureFile(str(path)) for path in paths]
        self.count = len(self._files)


def survey(paths):
    return survey_module.survey(Files(paths))


def folder_of(path, count, size, suffix, **options):
    path.mkdir(exist_ok=True)
    for number in range(count):
        picture = Image.fromarray(bundle_factory.photo(*size[::-1], seed=number))
        picture.save(path / f"{number}{suffix}", **options)
    return sorted(path.iterdir())


def test_lossless_pictures_are_taken_as_they_are(tmp_path):
    found = survey(folder_of(tmp_path / "png", 5, (200, 150), ".png"))
    assert (found.count, found.width, found.height, found.lossy) == (5, 200, 150, 0)
    assert found.shrink == 1
    assert found.lines() == ["5 pictures (PNG 100%; RGB 100%), 200x150 in the middle"]


@pytest.mark.parametrize("quality, shrink", [(70, 0.64), (90, 0.8), (98, 1.0)])
def test_the_worse_a_jpeg_the_more_it_is_shrunk(tmp_path, quality, shrink):
    found = survey(folder_of(tmp_path / "jpeg", 5, (400, 300), ".jpg", quality=quality))
    assert abs(found.jpeg_quality - quality) <= 2
    assert found.shrink == shrink
    assert ("artefacts" in " ".join(found.lines())) == (shrink < 1)


def test_small_lossy_pictures_are_not_shrunk_and_that_is_said(tmp_path):
    found = survey(folder_of(tmp_path / "small", 4, (96, 96), ".jpg", quality=60))
    assert found.shrink == 1
    assert "too small to be shrunk" in found.lines()[-1]


def test_webp_is_lossy_or_not_by_its_own_word(tmp_path):
    paths = folder_of(tmp_path / "a", 2, (200, 200), ".webp", lossless=True)
    paths += folder_of(tmp_path / "b", 2, (200, 200), ".webp", quality=60)
    assert survey(paths).lossy == 0.5


def test_files_that_cannot_be_read_are_left_out_and_none_at_all_is_an_error(tmp_path):
    paths = folder_of(tmp_path / "png", 3, (64, 64), ".png")
    broken = tmp_path / "broken.png"
    broken.write_bytes(np.arange(99, dtype=np.uint8).tobytes())
    assert survey([*paths, broken]).looked_at == 3
    with pytest.raises(ImageError, match="none of the pictures can be read"):
        survey([broken])


def test_of_many_pictures_a_sample_is_looked_at(tmp_path):
    paths = folder_of(tmp_path / "png", 3, (64, 64), ".png") * 1000
    found = survey(paths)
    assert (found.count, found.looked_at) == (3000, 200)

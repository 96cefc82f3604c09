"""The study of picture kinds knows what each file shows, and sees when it does not come back."""

import io

import numpy as np
import pytest
from PIL import Image

from lab import picture_kinds


@pytest.fixture(scope="module")
def made():
    from tfcomp.data.sample_source import sample_images

    return list(picture_kinds.kinds(sample_images("test")["chelsea"][100:164, 100:196]))


def test_every_kind_comes_back_whole_through_tfcomp(made):
    assert len(made) >= 20
    for kind in made:
        assert "**" not in picture_kinds._cell(kind, picture_kinds.through_tfcomp), kind.name


def test_what_a_codec_loses_is_told(made):
    kinds = {kind.name: kind for kind in made}

    def flat(content):
        stream = io.BytesIO()
        Image.open(io.BytesIO(content)).convert("RGB").save(stream, "PNG", exif=b"")
        return Image.open(stream)

    for name, words in {
        "JPEG, Exif orientation 6": ("no Exif", "on its side"),
        "JPEG, Exif orientation 3": ("no Exif", "upside down"),
        "JPEG, grey": ("**RGB**",),
        "PNG, RGBA, noise under alpha 0": ("no alpha", "another picture"),
    }.items():
        cell = picture_kinds._cell(kinds[name], flat)
        assert all(word in cell for word in words), cell

    def wrong(content):
        return Image.fromarray(np.zeros((64, 96, 3), np.uint8))

    assert "another picture" in picture_kinds._cell(kinds["PNG, RGB"], wrong)

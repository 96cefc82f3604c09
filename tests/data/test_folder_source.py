"""folder:PATH on real files: layouts, mixed formats and sizes, and files that are broken."""

from __future__ import annotations

import io
import logging

import numpy as np
import pytest
from PIL import Image

from tfcomp.data import evaluation_images, open_source, training_batches
from tfcomp.errors import ConfigError


def _write(path, value: int = 0, size=(20, 30), **options) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size, 3), value, np.uint8)).save(path, **options)


def _values(dataset) -> list:
    return [int(image[0, 0, 0]) for image in dataset.as_numpy_iterator()]


def _write_broken(folder) -> set:
    """Five files that look like images and are none; returns their names."""
    folder.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, "JPEG")
    (folder / "text.png").write_text("this is no picture\n")
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "header_only.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "cut.jpg").write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    (folder / "noise.webp").write_bytes(bytes(range(256)))
    return {"text.png", "empty.jpg", "header_only.png", "cut.jpg", "noise.webp"}


def test_an_imagefolder_layout_is_read_split_by_split(tmp_path):
    _write(tmp_path / "train" / "cats" / "a.jpg", 10)
    _write(tmp_path / "train" / "dogs" / "b.png", 20)
    _write(tmp_path / "test" / "cats" / "c.png", 30)
    train, test = (open_source(f"folder:{tmp_path}", split=name) for name in ("train", "test"))
    assert (train.count, test.count) == (2, 1)
    assert _values(evaluation_images(train)) == [10, 20]
    assert _values(evaluation_images(test)) == [30]


def _make(folder, names):
    for name in names:
        _write(folder / name)


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize(
    ("names", "hidden"),
    [
        (["train/a.png", "cats/b.png", "dogs/c.png"], '"cats", "dogs"'),
        (["cats/b.png", "dev/a.png"], '"cats"'),
        (["train/a.png", "test/b.png", "extra/c.png"], '"extra"'),
        (["train/a.png", "loose.png"], "loose.png"),
        (["train/a.png", *(f"class{number}/b.png" for number in range(1000, 1100))], "95 more"),
    ],
)
def test_a_class_named_like_a_split_does_not_hide_the_others(tmp_path, names, hidden, split):
    _make(tmp_path, names)
    with pytest.raises(ConfigError) as caught:
        open_source(f"folder:{tmp_path}", split=split)
    message = str(caught.value)
    assert hidden in message and "\n" not in message and len(message) < 600
    name = "dev" if "dev/a.png" in names else "train"
    assert f'"{name}"' in message and f"folder:{tmp_path}/{name}" in message


def test_the_folders_that_the_error_names_can_be_given(tmp_path):
    _make(tmp_path, ["train/a.png", "cats/b.png", "dogs/c.png"])
    assert open_source(f"folder:{tmp_path}/train").count == 1
    every = ",".join(str(tmp_path / name) for name in ("cats", "dogs", "train"))
    assert open_source(f"folder:{every}").count == 3


def test_splits_may_lie_beside_notes_and_hidden_folders(tmp_path):
    _make(tmp_path, ["train/a.png", "validation/b.png", ".thumbnails/c.png"])
    (tmp_path / "README.md").write_text("where they come from")
    (tmp_path / "labels.csv").write_text("a,1")
    assert open_source(f"folder:{tmp_path}").count == 1
    assert open_source(f"folder:{tmp_path}", split="validation").count == 1


def test_any_tree_is_one_training_set_in_the_order_of_its_paths(tmp_path):
    _write(tmp_path / "b.bmp", 20, (7, 9))
    _write(tmp_path / "a" / "deep" / "er" / "x.TIFF", 10, (40, 11))
    _write(tmp_path / "c.webp", 30, (1, 1), lossless=True)
    (tmp_path / "notes.txt").write_text("not an image, and not meant as one")
    (tmp_path / "._b.bmp").write_bytes(b"what macOS leaves behind")
    source = open_source(f"folder:{tmp_path}")
    images = list(evaluation_images(source).as_numpy_iterator())
    assert [image.shape for image in images] == [(40, 11, 3), (7, 9, 3), (1, 1, 3)]
    assert [int(image[0, 0, 0]) for image in images] == [10, 20, 30]
    assert source.skipped == []


def test_several_folders_are_joined(tmp_path):
    _write(tmp_path / "one" / "a.png", 10)
    _write(tmp_path / "two" / "train" / "photo" / "b.png", 20)
    _write(tmp_path / "two" / "test" / "photo" / "c.png", 30)
    spec = f"folder:{tmp_path / 'one'},{tmp_path / 'two'}"
    assert _values(open_source(spec).images()) == [10, 20]
    assert _values(open_source(spec, split="test").images()) == [30]


def test_a_folder_with_a_comma_in_its_name_is_one_folder(tmp_path):
    _write(tmp_path / "a,b" / "x.png", 5)
    assert _values(open_source(f"folder:{tmp_path / 'a,b'}").images()) == [5]


def test_a_link_back_to_the_root_ends(tmp_path):
    _write(tmp_path / "a" / "x.png", 5)
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert open_source(f"folder:{tmp_path}").count == 1


def test_shuffled_images_are_a_permutation_fixed_by_the_seed(tmp_path):
    for value in range(12):
        _write(tmp_path / f"{value:02}.png", value)
    source = open_source(f"folder:{tmp_path}")
    first, again, other = (_values(source.images(shuffle_seed=seed)) for seed in (1, 1, 2))
    assert first == again
    assert sorted(first) == list(range(12))
    assert first not in (other, sorted(first))


def test_broken_files_are_named_counted_and_left_out(tmp_path, caplog):
    _write(tmp_path / "good1.png", 10)
    _write(tmp_path / "good2.jpg", 20)
    broken = _write_broken(tmp_path)
    with caplog.at_level(logging.WARNING, logger="tfcomp"):
        source = open_source(f"folder:{tmp_path}")
        assert _values(source.images()) == [10, 20]
        assert _values(source.images()) == [10, 20]
    assert {path.rsplit("/", 1)[-1] for path in source.skipped} == broken
    assert len(source.skipped) == len(broken)
    log = "\n".join(record.getMessage() for record in caplog.records)
    for name in broken:
        assert log.count(name) == 1, name
    assert "skipped 4 of 7" in log  # cut.jpg has a sound header: found out when it is decoded
    assert "5 so far" in log


def test_training_goes_on_past_files_that_are_broken_or_vanish(tmp_path):
    _write(tmp_path / "a.png", 10)
    _write(tmp_path / "b.png", 20)
    _write_broken(tmp_path)
    source = open_source(f"folder:{tmp_path}")
    batches = iter(training_batches(source, crop=8, batch_size=4, seed=0))
    seen = {int(v) for _ in range(5) for v in next(batches).numpy()[:, 0, 0, 0]}
    assert seen == {10, 20}
    (tmp_path / "a.png").unlink()
    last = [next(batches).numpy()[:, 0, 0, 0] for _ in range(20)][-1]
    assert set(last.tolist()) == {20}
    assert str(tmp_path / "a.png") in source.skipped


def test_a_folder_of_broken_files_is_refused_by_name(tmp_path):
    _write_broken(tmp_path)
    with pytest.raises(ConfigError, match=r"none of its 5 image files can be read.*\.(png|jpg)"):
        open_source(f"folder:{tmp_path}")


@pytest.mark.parametrize(
    ("spec", "split", "message"),
    [
        ("folder:{0}/empty", "train", "there is no image file in it"),
        ("folder:{0}/nowhere", "train", "does not exist"),
        ("folder:{0}/notes.txt", "train", "no picture by its ending"),
        ("folder:{0}/good", "test", 'no split "test"; there is "train"'),
        ("folder:", "train", "needs a path"),
        ("photos", "train", "give tfds:NAME, folder:PATH or sample"),
    ],
)
def test_a_wrong_folder_is_refused_in_one_line(tmp_path, spec, split, message):
    (tmp_path / "empty").mkdir()
    _write(tmp_path / "good" / "a.png")
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(ConfigError, match=message) as caught:
        open_source(spec.format(tmp_path), split=split)
    assert "\n" not in str(caught.value)

"""Many items at once: order, errors of their own, requests of a bounded size, progress."""

import pickle

import numpy as np
import pytest
from PIL import Image

from tests.serving.pictures import as_file, picture
from tfcomp.errors import CodecError, ConfigError
from tfcomp.serving import ItemError, ServingError


def test_a_batch_comes_back_in_order_whatever_its_requests(client, codec, served):
    images = [picture(10 + seed, 40 - seed, seed) for seed in range(11)]
    files = list(client.compress_batch(images, 2, items_a_request=4))
    assert files == [codec.compress(image, quality=2) for image in images]
    assert served.requests == 3
    for image, file in zip(client.decompress_batch(files, items_a_request=5), files):
        assert np.abs(image.astype(int) - codec.decompress(file)).max() <= 1


def test_a_bad_item_gets_an_error_for_itself_that_names_it(client, codec, tmp_path):
    good = tmp_path / "good.png"
    Image.fromarray(picture(30, 20)).save(good)
    # Its header is well, so that it is the server that finds out.
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(as_file(picture(64, 64), "JPEG")[:-700])
    text = tmp_path / "notes.txt"
    text.write_text("no picture")
    images = [good, cut, text, tmp_path / "gone.png", b"", good]
    results = list(client.compress_batch(images, 1, items_a_request=3))
    expected = codec.compress(good, quality=1)
    assert results[0] == results[5] == expected
    for place, name in ((1, "cut.jpg"), (2, "notes.txt"), (3, "gone.png"), (4, "")):
        error = results[place]
        assert isinstance(error, ItemError) and isinstance(error, CodecError)
        assert error.index == place and error.name.endswith(name)
        assert str(error).startswith(f"item {place}") and name in str(error)
        assert str(error).count("item ") == 1 and "\n" not in str(error)
    assert "not a readable" in str(results[1])

    damaged = bytearray(expected)
    damaged[-6] ^= 1
    pictures = list(client.decompress_batch([expected, bytes(damaged), expected]))
    np.testing.assert_array_equal(pictures[0], pictures[2])
    assert isinstance(pictures[1], ItemError)
    assert str(pictures[1]).startswith("item 1: the file is damaged")


def test_a_bad_item_that_is_alone_raises_its_error(client, tmp_path):
    path = tmp_path / "x.tfcomp"
    path.write_bytes(b"\x89TC\x01junk that is long enough")
    with pytest.raises(ItemError, match=r"x\.tfcomp: the file") as caught:
        client.decompress(path)
    assert caught.value.index is None
    with pytest.raises(ItemError, match="^the input is empty"):
        client.compress(b"")


def test_an_items_error_passes_between_processes():
    error = ItemError(3, "a.png", "it is bad")
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error) == "item 3 (a.png): it is bad"
    assert (copy.index, copy.name, copy.reason) == (3, "a.png", "it is bad")


def test_requests_hold_no_more_bytes_than_they_may(client, codec, served):
    images = [as_file(picture(40, 40, seed)) for seed in range(4)]
    size = max(len(image) for image in images)
    files = list(client.compress_batch(images, bytes_a_request=2 * size))
    assert served.requests == 2
    assert files == [codec.compress(image) for image in images]
    assert list(client.compress_batch(images[:2], bytes_a_request=1)) == files[:2]
    assert served.requests == 4


def test_a_batch_without_end_is_taken_as_it_is_worked_on(client, served):
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield picture(8, 8)

    results = client.compress_batch(endless(), items_a_request=2)
    assert isinstance(next(results), bytes) and isinstance(next(results), bytes)
    results.close()
    assert len(taken) < 20


def test_progress_is_shown_where_it_is_asked_for(client, capsys):
    images = [picture(8, 8)] * 5
    list(client.compress_batch(images))
    assert capsys.readouterr().err == ""
    list(client.compress_batch(images, progress=True, items_a_request=2))
    assert "5/5" in capsys.readouterr().err


def test_results_before_a_request_without_answer_are_handed_out(client, served):
    from grpc import StatusCode

    results = client.compress_batch([picture(8, 8)] * 12, items_a_request=2)
    assert isinstance(next(results), bytes)
    served.faults.extend([StatusCode.INVALID_ARGUMENT] * 9)
    with pytest.raises(ServingError, match="refused on purpose"):
        list(results)


def test_an_empty_batch_sends_nothing(client, served):
    assert list(client.compress_batch([])) == list(client.decompress_batch([])) == []
    assert served.requests == 0


@pytest.mark.parametrize("batch", ["photo.png", b"bytes"])
def test_a_single_item_is_no_batch(client, batch):
    with pytest.raises(ConfigError, match="list of items"):
        client.compress_batch(batch)

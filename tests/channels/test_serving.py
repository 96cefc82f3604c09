"""Served models of any channels and depth give what the local codec gives, over either protocol."""

from __future__ import annotations

import contextlib
import io
import re

import numpy as np
import pytest

from tests import needs, tiny_runs

pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)

import tensorflow as tf  # noqa: E402

import tfcomp  # noqa: E402
from tests.channels import pictures  # noqa: E402
from tfcomp.serving import Client, ItemError  # noqa: E402

MODEL, PATIENCE = "five", 300


@pytest.fixture(scope="module")
def export(five_run, tmp_path_factory):
    return tiny_runs.export(five_run, tmp_path_factory, "--saved-model")


@pytest.fixture(scope="module")
def codec(export):
    return tfcomp.load(export)


@pytest.fixture(scope="module")
def urls(export):
    from tests.serving.grpc_server import serve_grpc
    from tests.serving.rest_server import serve_rest
    from tests.serving.served_model import ServedModel

    model = ServedModel(export, MODEL)
    with contextlib.ExitStack() as stack:
        rest = stack.enter_context(serve_rest(model))
        grpc = stack.enter_context(serve_grpc(model))
        yield {"rest": f"http://127.0.0.1:{rest}", "grpc": f"grpc://127.0.0.1:{grpc}"}


@pytest.fixture(params=["rest", "grpc"])
def client(request, urls):
    with Client(urls[request.param], MODEL, timeout=PATIENCE) as client:
        yield client


@pytest.fixture(scope="module")
def signatures(export):
    return tf.saved_model.load(str(export / "1")).signatures


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def assert_alike(found, expected):
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    assert np.abs(found.astype(int) - expected).max() <= 1


def test_files_are_the_local_codecs_and_so_are_the_samples(client, codec, tmp_path):
    image = pictures.whole(9, 5, 12, height=50, width=70)
    data = client.compress(image, quality=2)
    assert data == codec.compress(image, quality=2)
    assert_alike(client.decompress(data), codec.decompress(data))
    np.save(tmp_path / "a.npy", image)
    for source in (tmp_path / "a.npy", npy(image), image.astype(np.int64), image.astype(">u2")):
        assert client.compress(source, quality=2) == data


def test_a_batch_of_several_sizes_has_its_errors_in_their_places(client, codec):
    image = pictures.whole(9, 5, 12)
    large = image.copy()
    large[0, 0, 0] = 4096
    given = [
        image,
        image[..., :3],
        large,
        pictures.whole(8, 5, 12, height=9, width=33),
        image.astype(np.uint8),
        image / 4095,
        np.moveaxis(image, -1, 0),
    ]
    found = list(client.compress_batch(given, quality=1))
    for place in (0, 3):
        assert found[place] == codec.compress(given[place], quality=1)
    for place, said in (
        (1, r"item 1: .*give \[H, W, 5\]"),
        (2, "item 2: .* to 4096, .* 0 to 4095; scale or clip"),
        (4, r"item 4: the array is of \|u1, and this model takes uint16"),
        (5, "item 5: the array is of <f8, and this model takes uint16"),
        (6, "item 6: .*channels come first"),
    ):
        with pytest.raises(ItemError, match=said):
            raise found[place]
    files = [found[0], found[3]]
    for file, back in zip(files, client.decompress_batch(files)):
        assert_alike(back, codec.decompress(file))


def test_the_answer_is_the_very_file_that_numpy_writes(signatures, codec):
    image = pictures.whole(9, 5, 12)
    data = codec.compress(image, 2)
    (file,) = signatures["decompress"](compressed_bytes=tf.constant([data]))["image_bytes"].numpy()
    assert file == npy(np.load(io.BytesIO(file)))


def test_tensors_go_in_and_come_out(signatures, codec):
    images = np.stack([pictures.whole(seed, 5, 12) for seed in (8, 9)])
    quality = tf.constant([1, 0])
    made = signatures["compress_samples"](samples=tf.constant(images), quality=quality)
    files = list(made["compressed_bytes"].numpy())
    assert files == [codec.compress(images[0], 1), codec.compress(images[1])]
    small = codec.compress(images[0][:9], 1)
    given = tf.constant([b"nothing", *files, small])
    out = signatures["decompress_samples"](compressed_bytes=given)
    samples, errors = out["samples"].numpy(), [each.decode() for each in out["error"].numpy()]
    assert samples.shape == (4, 64, 96, 5)
    for place, file in enumerate(files, 1):
        assert errors[place] == ""
        assert_alike(samples[place], codec.decompress(file))
    assert errors[0].startswith("item 0: this is not a .tfcomp file")
    assert "item 3: the picture has another size" in errors[3] and not samples[3].any()
    narrow = signatures["compress_samples"](samples=tf.constant(images[..., :4]), quality=quality)
    assert "item 1: an array of shape [64, 96, 4]" in narrow["error"].numpy()[1].decode()


def test_damaged_and_foreign_arrays_are_errors_of_their_items(signatures):
    image = pictures.whole(9, 5, 12)
    whole = npy(image)
    given = {
        b"": "no .npy file",
        b"\x93NUMPY": "no .npy file",
        b"\x93NUMPY\x03\0\xff\xff\xff\xff" + whole: "no .npy file",
        whole[:-1]: "not as many bytes",
        whole.replace(b"(64, 96, 5), }" + b" " * 10, b"(99999999, 999999, 5), }"): "limit",
        whole.replace(b"(64, 96, 5)", b"(64, 99, 5)"): "not as many bytes",
        whole.replace(b"(64, 96, 5)", b"(0, 96, 50)"): "96x0 pixels",
        npy(np.asfortranarray(image)): "Fortran's order",
        npy(image[None]): "is no picture",
        npy(image.astype(">u2")): "the array is of >u2",
        npy(np.array(["a"])): "the array is of <U1",
    }
    quality = tf.constant([1] * len(given))
    made = signatures["compress"](image_bytes=tf.constant(list(given)), quality=quality)
    for place, (said, found) in enumerate(zip(given.values(), made["error"].numpy())):
        assert re.search(f"^item {place}: .*({said})", found.decode()), found
    assert not any(made["compressed_bytes"].numpy())


def test_answers_that_are_no_such_array_are_errors_of_their_item(codec):
    from tfcomp.errors import ImageError
    from tfcomp.serving.served_pictures import ServedSamples

    kind = ServedSamples("uint16", 5)
    data = codec.compress(pictures.whole(9, 5, 12), 1)
    image = codec.decompress(data)
    assert np.array_equal(kind.pixels(npy(image), data, 10**6), image)
    for file, said in (
        (b"", "no .npy"),
        (npy(image)[:-1], "not as many bytes"),
        (npy(image[:-1]), "96x63 pixels, not the 96x64"),
        (npy(image[..., :4]), "5 channels"),
        (npy(image.astype(np.uint8)), "of uint16"),
        (npy(np.array([{}])), "of uint16"),
    ):
        with pytest.raises(ImageError, match=said):
            kind.pixels(file, data, 10**6)
    with pytest.raises(ImageError, match="more than 6143"):
        kind.pixels(npy(image), data, 6143)

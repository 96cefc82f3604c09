"""A SavedModel around a toy codec: space_to_depth, and a division by the quality's step."""

import io
import json
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from tests.damage import flipped_bits, truncations
from tfcomp.bitstream import container, range_coder
from tfcomp.bitstream.rows import pack_rows
from tfcomp.bitstream.tables import CdfTables
from tfcomp.entropy_kinds.factorized.graph import GraphFactorized
from tfcomp.export import savedmodel
from tfcomp.image_spec import ImageSpec

STRIDE, CHANNELS, QUALITIES, DEFAULT_QUALITY = 2, 12, 3, 2
MAX_PIXELS = 2000
FINGERPRINT = bytes(range(1, 33))
MIDDLE = 30
# Symbols -5 ... 4, which bright pixels exceed; the last table of all has no escape symbol.
TABLES = CdfTables(
    np.concatenate(
        [[-8, 0, *range(20, 201, 20), 256]] * (QUALITIES * CHANNELS - 1)
        + [[9, 0, *range(20, 201, 20), 512]]
    ),
    np.full(QUALITIES * CHANNELS, -5),
    np.zeros(QUALITIES * CHANNELS),
)


def analysis(image, quality):
    step = 4 * quality[0]
    return tf.nn.space_to_depth(tf.cast(image, tf.int32) // step - MIDDLE, STRIDE)


def synthesis(latents, quality):
    pixels = tf.nn.depth_to_space((latents + MIDDLE) * 4 * quality[0] + 2, STRIDE)
    return tf.cast(tf.clip_by_value(pixels, 0, 255), tf.uint8)


def numpy_latents(image, quality):
    height, width = image.shape[:2]
    padded = np.pad(image, [(0, -height % STRIDE), (0, -width % STRIDE), (0, 0)], "edge")
    rows, columns = padded.shape[0] // STRIDE, padded.shape[1] // STRIDE
    blocks = padded.reshape(rows, STRIDE, columns, STRIDE, 3).transpose(0, 2, 1, 3, 4)
    return blocks.reshape(rows, columns * CHANNELS) // (4 * quality) - MIDDLE


def numpy_file(image, quality):
    """The file that tfcomp.bitstream writes."""
    latents = numpy_latents(image.astype(np.int32), quality)
    first = (quality - 1) * CHANNELS
    index = np.tile(first + np.arange(CHANNELS), latents.shape[1] // CHANNELS)
    section = pack_rows(range_coder.encode_rows(latents, index, TABLES))
    return container.pack(
        container.Container(FINGERPRINT[:4], quality, image.shape[1], image.shape[0], (section,))
    )


def numpy_decoded(image, quality):
    """What the synthesis makes of an image's latents."""
    return np.minimum(image.astype(int) // (4 * quality) * 4 * quality + 2, 255)


def picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def png(image):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def pixels(content):
    return np.asarray(Image.open(io.BytesIO(content)))


def make_module(**changes):
    settings = dict(
        fingerprint=FINGERPRINT,
        stride=STRIDE,
        qualities=QUALITIES,
        default_quality=DEFAULT_QUALITY,
        max_pixels=MAX_PIXELS,
    )
    settings.update(changes)
    entropy = GraphFactorized(TABLES, settings["qualities"])
    return savedmodel.CodecModule(analysis, synthesis, entropy, **settings)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("toy") / "1"
    savedmodel.save(make_module(), path)
    return path


@pytest.fixture(scope="module")
def signatures(path):
    return tf.saved_model.load(str(path)).signatures


def compress(signatures, contents, qualities):
    """Lists of files and of errors."""
    result = signatures["compress"](
        image_bytes=tf.constant(contents, tf.string), quality=tf.constant(qualities, tf.int32)
    )
    return result["compressed_bytes"].numpy().tolist(), result["error"].numpy().tolist()


def decompress(signatures, files):
    result = signatures["decompress"](compressed_bytes=tf.constant(files, tf.string))
    return result["image_bytes"].numpy().tolist(), result["error"].numpy().tolist()


@pytest.mark.parametrize("height, width", [(1, 1), (5, 3), (3, 5), (2, 2), (16, 18), (31, 33)])
@pytest.mark.parametrize("quality", [1, 2])
def test_files_are_those_of_the_bitstream_package_and_decode_to_the_picture(
    signatures, height, width, quality
):
    image = picture(height, width)
    files, errors = compress(signatures, [png(image)], [quality])
    assert errors == [b""]
    assert files == [numpy_file(image, quality)]
    images, errors = decompress(signatures, files)
    assert errors == [b""]
    np.testing.assert_array_equal(pixels(images[0]), numpy_decoded(image, quality))


def test_quality_zero_is_the_default_quality(signatures):
    contents = [png(picture(4, 4))] * 2
    files, _ = compress(signatures, contents, [0, DEFAULT_QUALITY])
    assert files[0] == files[1] != b""


def test_a_bad_item_gets_an_error_for_itself_and_the_others_are_done(signatures):
    good = [picture(4, 6, seed) for seed in range(3)]
    damaged = png(picture(20, 20))[:-60]
    contents = [png(good[0]), b"", png(good[1]), damaged, b"some text", png(good[2]), png(good[0])]
    files, errors = compress(signatures, contents, [1, 1, 1, 1, 1, 1, 9])
    assert [bool(file) for file in files] == [True, False, True, False, False, True, False]
    for item, (file, error) in enumerate(zip(files, errors)):
        assert bool(file) != bool(error)
        assert not error or error.startswith(f"item {item}: ".encode())
    assert b"quality is 1 to 3" in errors[6]

    images, errors = decompress(
        signatures, files[:2] + [b"\x89TC\x01junk", files[2][:-1], files[5]]
    )
    assert [bool(image) for image in images] == [True, False, False, False, True]
    assert b"item 1: the file is empty" in errors[1]
    assert b"item 3: the file is damaged" in errors[3]
    np.testing.assert_array_equal(pixels(images[4]), numpy_decoded(good[2], 1))


def test_an_empty_batch_gives_an_empty_batch(signatures):
    assert compress(signatures, [], []) == ([], [])
    assert decompress(signatures, []) == ([], [])


def test_every_truncation_and_every_flipped_bit_of_a_file_is_an_error(signatures):
    data = numpy_file(picture(3, 2), 1)
    damaged = [*truncations(data), *flipped_bits(data)]
    images, errors = decompress(signatures, damaged)
    assert all(errors)
    assert not any(images)


def test_damaged_streams_behind_a_right_crc_are_an_error(signatures):
    image = picture(2, 4)
    latents = numpy_latents(image.astype(np.int32), 1)
    stream = range_coder.encode(latents[0], np.tile(np.arange(CHANNELS), 2), TABLES)

    def file_with(stream):
        return container.pack(container.Container(FINGERPRINT[:4], 1, 4, 2, (pack_rows([stream]),)))

    images, errors = decompress(signatures, [file_with(stream), file_with(stream + b"\1")])
    assert errors[0] == b"" and b"coded values are damaged" in errors[1]


def test_images_and_files_above_the_limit_are_refused(signatures):
    big = picture(50, 41)
    _, errors = compress(signatures, [png(big), png(big[:-2])], [1, 1])
    assert b"41x50" in errors[0] and errors[1] == b""
    _, errors = decompress(signatures, [numpy_file(big, 1)])
    assert b"41x50" in errors[0]


def hostile_file(width, height):
    """As few bytes as the format permits for that size."""
    section = pack_rows([b""] * -(-height // STRIDE))
    return container.pack(container.Container(FINGERPRINT[:4], 1, width, height, (section,)))


def test_a_few_bytes_that_claim_megapixels_are_an_error_of_their_item_at_once():
    module = make_module(max_pixels=container.MAX_PIXELS)
    bombs = [hostile_file(9000, 9000), hostile_file(1, 1_000_000), hostile_file(700, 800)]
    small = numpy_file(picture(4, 4), 1)
    module.decompress(tf.constant([small]))  # builds the graph
    start = time.process_time()
    result = module.decompress(tf.constant([small, *bombs]))
    assert time.process_time() - start < 2
    errors = result["error"].numpy().tolist()
    assert errors[0] == b""
    assert all(b"more pixels than its bytes" in error for error in errors[1:])
    np.testing.assert_array_equal(pixels(result["image_bytes"].numpy()[0]).shape, (4, 4, 3))


def test_a_served_model_takes_25_megapixels_unless_told_otherwise():
    settings = dict(fingerprint=FINGERPRINT, stride=STRIDE, qualities=3, default_quality=1)
    entropy = GraphFactorized(TABLES, 3)
    module = savedmodel.CodecModule(analysis, synthesis, entropy, **settings)
    (error,) = module.decompress(tf.constant([hostile_file(5001, 5000)]))["error"].numpy()
    assert b"5001x5000" in error and b"25000000" in error
    for wrong in (0, container.MAX_PIXELS + 1):
        with pytest.raises(ValueError, match="max_pixels"):
            make_module(max_pixels=wrong)


def test_padding_does_not_multiply_what_is_allocated():
    module = make_module(stride=64, max_pixels=64**2)
    tall = np.zeros((1000, 1, 3), np.uint8)
    result = module.compress(tf.constant([png(tall)]), tf.constant([1]))
    assert b"too long and narrow" in result["error"].numpy()[0]


def test_latents_that_the_tables_cannot_express_are_an_error(signatures):
    # At quality 3 white is outside the last channel's table, which has no escape symbol.
    white = np.full((2, 2, 3), 255, np.uint8)
    files, errors = compress(signatures, [png(white)] * 2, [3, 2])
    assert files == [b"", numpy_file(white, 2)]
    assert b"out of range" in errors[0] and errors[1] == b""


def test_a_bundle_of_fixed_size_takes_no_other():
    module = make_module(fixed_size=(6, 4))
    contents = [png(picture(4, 6)), png(picture(6, 4))]
    result = module.compress(tf.constant(contents), tf.constant([1, 1]))
    assert result["error"].numpy()[0] == b"" and b"6x4" in result["error"].numpy()[1]
    result = module.decompress(result["compressed_bytes"][:1])
    np.testing.assert_array_equal(
        pixels(result["image_bytes"].numpy()[0]), numpy_decoded(picture(4, 6), 1)
    )


def test_the_default_signature_decompresses_and_binary_names_end_in_bytes(signatures):
    data = numpy_file(picture(2, 2), 1)
    results = [
        signatures[name](compressed_bytes=tf.constant([data]))["image_bytes"].numpy()
        for name in ("serving_default", "decompress")
    ]
    assert results[0] == results[1] != [b""]
    # TensorFlow Serving's REST interface writes outputs in base64 by this ending only.
    assert set(signatures["compress"].structured_outputs) == {"compressed_bytes", "error"}
    assert set(signatures["decompress"].structured_outputs) == {"image_bytes", "error"}


def test_a_session_runs_it_as_tensorflow_serving_does(path):
    image = picture(7, 9)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta_graph = tf.compat.v1.saved_model.load(session, ["serve"], str(path))

        def run(name, **inputs):
            signature = meta_graph.signature_def[name]
            feed = {signature.inputs[key].name: value for key, value in inputs.items()}
            fetch = {key: tensor.name for key, tensor in signature.outputs.items()}
            return session.run(fetch, feed)

        compressed = run("compress", image_bytes=[png(image), b"no image"], quality=[1, 1])
        assert compressed["compressed_bytes"].tolist() == [numpy_file(image, 1), b""]
        decompressed = run("decompress", compressed_bytes=compressed["compressed_bytes"])
    np.testing.assert_array_equal(pixels(decompressed["image_bytes"][0]), numpy_decoded(image, 1))
    assert decompressed["error"].tolist()[0] == b"" and decompressed["error"].tolist()[1]


def test_it_holds_stock_ops_and_runs_where_only_tensorflow_is_installed(path, tmp_path):
    image = picture(6, 5)
    (tmp_path / "image.png").write_bytes(png(image))
    (tmp_path / "ops.json").write_text(json.dumps(sorted(savedmodel.op_names(path))))
    code = """
import json, pathlib, sys
sys.modules["tensorflow_compression"] = sys.modules["tfcomp"] = None
import tensorflow as tf
from tensorflow.python.framework import op_def_registry
model, folder = sys.argv[1], pathlib.Path(sys.argv[2])
ops = json.loads((folder / "ops.json").read_text())
assert len(ops) > 50, ops
unknown = [op for op in ops if op_def_registry.get(op) is None]
assert not unknown, unknown
python = [op for op in ops if "PyFunc" in op]
assert not python, python
signatures = tf.saved_model.load(model).signatures
content = (folder / "image.png").read_bytes()
result = signatures["compress"](image_bytes=tf.constant([content]), quality=tf.constant([1]))
(folder / "image.tfcomp").write_bytes(result["compressed_bytes"].numpy()[0])
result = signatures["decompress"](compressed_bytes=result["compressed_bytes"])
(folder / "decoded.png").write_bytes(result["image_bytes"].numpy()[0])
"""
    command = [sys.executable, "-c", code, str(path), str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "image.tfcomp").read_bytes() == numpy_file(image, 1)
    np.testing.assert_array_equal(
        pixels((tmp_path / "decoded.png").read_bytes()), numpy_decoded(image, 1)
    )


def test_tables_that_do_not_fit_the_qualities_are_refused():
    with pytest.raises(ValueError, match="do not divide"):
        make_module(qualities=5, default_quality=1)


def test_grey_models_take_and_give_grey_files():
    entropy = GraphFactorized(TABLES, 9)  # four channels of latents
    settings = dict(fingerprint=FINGERPRINT, stride=STRIDE, qualities=9, default_quality=1)
    grey = ImageSpec(channels=1)
    module = savedmodel.CodecModule(analysis, synthesis, entropy, image=grey, **settings)
    image = np.random.default_rng(0).integers(100, 130, (9, 12), np.uint8)
    given = [png(image), png(np.dstack([image] * 3)), png(picture(9, 12))]
    made = module.compress(tf.constant(given), tf.constant([1, 1, 1]))
    first, second, third = made["compressed_bytes"].numpy()
    assert first == second and not third
    assert b"item 2: the picture has colours" in made["error"].numpy()[2]
    back = module.decompress(tf.constant([first]))["image_bytes"].numpy()[0]
    np.testing.assert_array_equal(pixels(back), numpy_decoded(image, 1))
    whole = pixels(module.decompress_rgba(tf.constant([first]))["image_bytes"].numpy()[0])
    np.testing.assert_array_equal(whole[..., :3], np.dstack([pixels(back)] * 3))
    assert whole.shape == (9, 12, 4) and (whole[..., 3] == 255).all()

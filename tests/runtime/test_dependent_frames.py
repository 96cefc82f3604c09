"""Frames that depend on the one before, with the tiny networks of a bundle that nothing trained."""

import io

import numpy as np
import pytest
from PIL import Image

import tfcomp
import tfcomp.pillow
from tests import hyperprior_factory
from tfcomp.bitstream.boxes import read_boxes
from tfcomp.errors import BitstreamError, CodecError, ConfigError


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    """Two bundles of the same weights, with networks for dependent frames and without."""
    from tfcomp.export.bundle import write_bundle

    folder = tmp_path_factory.mktemp("bundles")
    plain = hyperprior_factory.tiny_config()
    for name, config in (("alone", plain), ("chained", hyperprior_factory.sequence_config(plain))):
        model = hyperprior_factory.lively_model(config=config)
        write_bundle(model, config, folder / name, name)
    return folder


@pytest.fixture(scope="module")
def codec(bundles):
    return tfcomp.load(bundles / "chained")


@pytest.fixture(scope="module")
def clip():
    """Seven frames of 67x41 pixels: a square moves over noise; a cut before the sixth."""
    rng = np.random.default_rng(5)
    scenes = rng.integers(0, 256, (2, 41, 67, 3), dtype=np.uint8)
    frames = [scenes[int(number > 4)].copy() for number in range(7)]
    for number, frame in enumerate(frames):
        frame[8:24, 4 * number : 4 * number + 16] = 200
    return frames


def kinds(data):
    """The boxes' types in one word."""
    return "".join(box.type for box in read_boxes(data))


def test_frames_sought_in_any_order_are_those_that_are_played(codec, clip):
    data = codec.compress_frames(clip, group=3)
    assert kinds(data)[0] == "S" and "D" in kinds(data)
    played = [frame.pixels for frame in codec.read_frames(data)]
    frames = codec.read_frames(data)
    for number in (4, 1, 6, 5, 0, 3, 2):
        np.testing.assert_array_equal(frames[number].pixels, played[number])
    assert len(played) == 7


def test_latents_of_a_dependent_frame_are_those_that_the_encoder_saw(codec):
    rng = np.random.default_rng(6)
    size, coder, before = (5, 7), codec.entropy_coder, None
    for _ in range(4):
        latents = rng.normal(0, 3, (*size, 16)).astype(np.float32)
        own = coder if before is None else coder.after(before)
        sections, decoded = own.encode_and_decode(latents, 2)
        before = own.decode_frame(sections, 2, *size)
        np.testing.assert_array_equal(before.latents, decoded)
        np.testing.assert_array_equal(own.decode(sections, 2, *size), decoded)


def test_a_group_bounds_how_many_frames_depend_on_each_other(codec, clip):
    still = [clip[0]] * 8
    for group, expected in ((1, "SIIIIIIII"), (3, "SIDDIDDID"), (16, "SIDDDDDDD")):
        assert kinds(codec.compress_frames(still, group=group)) == expected
    assert kinds(codec.compress_frames(still)) == "SIDDDDDDD"


def test_a_still_camera_makes_dependent_frames_and_no_clip_grows(codec, clip):
    still = codec.compress_frames([clip[0]] * 5, group=16)
    assert kinds(still) == "SIDDDD"
    assert len(codec.compress_frames(clip)) < len(codec.compress_frames(clip, group=1))


def test_parts_of_a_dependent_frame_are_parts_of_its_picture(codec, clip):
    file = codec.read_file(codec.compress_frames(clip, group=7))
    whole = codec.decode_picture(file, 3).pixels
    part = codec.decode_picture(file, 3, (9, 5, 20, 30)).pixels
    np.testing.assert_array_equal(part, whole[5:35, 9:29])


def test_grey_frames_with_alpha_may_depend_on_each_other(codec, clip):
    frames = [Image.fromarray(frame).convert("LA") for frame in [clip[0]] * 3]
    for frame in frames:
        frame.putalpha(Image.fromarray(clip[1][..., 0]))
    data = codec.compress_frames(frames)
    assert kinds(data) == "SGADADA"
    read = codec.read_frames(data)
    assert [picture.pixels.shape for picture in read] == [(41, 67, 2)] * 3


def test_a_model_without_such_networks_says_so(bundles, clip, codec):
    alone = tfcomp.load(bundles / "alone")
    assert kinds(alone.compress_frames(clip[:3])) == "SIII"
    with pytest.raises(ConfigError, match="codes every frame by itself"):
        alone.compress_frames(clip, group=2)
    data = codec.compress_frames([clip[0]] * 3)
    ours, theirs = (c.bundle.manifest.short_fingerprint for c in (codec, alone))
    # Its boxes' checksums no longer fit, so they are written again.
    from tfcomp.bitstream.boxes import pack_boxes

    boxes = [b._replace(payload=bytes(b.payload).replace(ours, theirs)) for b in read_boxes(data)]
    with pytest.raises(BitstreamError, match="dependent frame where its model has none"):
        alone.read_frames(pack_boxes(boxes))


def test_a_damaged_frame_is_an_error_of_the_frames_after_it(codec, clip):
    from tfcomp.bitstream.boxes import pack_boxes

    boxes = list(read_boxes(codec.compress_frames([clip[0]] * 5, group=5)))
    assert [box.type for box in boxes[1:]] == list("IDDDD")
    payload = bytes(boxes[3].payload)
    boxes[3] = boxes[3]._replace(payload=payload[:1] + b"\1\xff" + b"\1\xff")
    frames = codec.read_frames(pack_boxes(boxes))
    assert frames[1].pixels.shape == clip[0].shape
    for number in (2, 3, 4):
        with pytest.raises(CodecError):
            frames[number].pixels  # noqa: B018
    assert frames[1].pixels.shape == clip[0].shape


def test_no_file_that_breaks_off_or_has_another_bit_is_read(codec):
    data = codec.compress_frames([np.full((16, 16, 3), 90, np.uint8)] * 3)
    assert kinds(data) == "SIDD"
    damaged = [data[:length] for length in range(len(data))]
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        damaged.append(bytes(changed))
    for each in damaged:
        with pytest.raises(CodecError):
            codec.read_file(each)


def test_all_frames_count_as_pixels(codec, clip):
    data = codec.compress_frames([clip[0]] * 6)
    pixels = 6 * 41 * 67
    assert len(codec.read_frames(data, pixels)) == 6
    with pytest.raises(BitstreamError, match="limit"):
        codec.read_frames(data, pixels - 1)


def test_a_file_that_breaks_off_shows_its_first_frame(codec, clip):
    data = codec.compress_frames([clip[0]] * 6)
    whole = codec.decompress(data)
    for length in (len(data) - 1, len(data) - 20, len(data) * 3 // 4):
        np.testing.assert_array_equal(codec.decompress(data[:length], partial=True), whole)


def test_pillow_plays_and_seeks_as_tfcomp_does(bundles, clip, monkeypatch):
    monkeypatch.setenv("TFCOMP_BUNDLES", str(bundles))
    frames = [Image.fromarray(frame) for frame in clip]
    written = io.BytesIO()
    options = {"save_all": True, "append_images": frames[1:], "model": str(bundles / "chained")}
    frames[0].save(written, "TFCOMP", group=4, **options)
    assert "D" in kinds(written.getvalue())
    expected = [picture.pixels for picture in tfcomp.read_frames(written.getvalue())]
    with Image.open(written) as image:
        for number in (0, 1, 2, 3, 4, 5, 6, 2, 5, 0):
            image.seek(number)
            np.testing.assert_array_equal(np.asarray(image), expected[number])

"""What counts as a header is what it says; the table's arithmetic is right."""

import io

import numpy as np
import pytest
from PIL import Image

from lab import thumbnail_table as tables
from tests import needs
from tests.bundle_factory import photo
from tfcomp.errors import CodecError
from tfcomp.evaluation.classical import AVIF, JPEG, WEBP

PICTURE = photo(32, 32)


def test_a_jpegs_scan_is_what_lies_between_its_last_header_and_its_end():
    data = JPEG.encode(PICTURE, 50)
    payload = tables.jpeg_payload(data)
    scan = data[len(data) - 2 - payload : -2]
    assert data[-2:] == b"\xff\xd9"
    # The header before it ends in the spectral selection of a baseline scan: 0, 63, 0.
    assert data[: -2 - payload][-3:] == b"\0\x3f\0"
    # A scan holds no markers but stuffed zeros.
    assert all(scan[k + 1] == 0 for k, byte in enumerate(scan[:-1]) if byte == 0xFF)


def test_a_webp_without_its_headers_is_thirty_bytes_shorter():
    data = WEBP.encode(PICTURE, 50)
    assert len(data) - tables.webp_payload(data) in (30, 31)  # chunks are padded to even lengths
    with pytest.raises(CodecError, match="lossy"):
        lossless = io.BytesIO()
        Image.fromarray(PICTURE).save(lossless, "WEBP", lossless=True)
        tables.webp_payload(lossless.getvalue())


def test_an_avifs_data_grow_with_quality_and_its_boxes_do_not():
    if AVIF.missing():
        pytest.skip(AVIF.missing())
    small, large = AVIF.encode(PICTURE, 20), AVIF.encode(PICTURE, 80)
    headers = [len(data) - tables.avif_payload(data) for data in (small, large)]
    assert headers[0] == headers[1] > 100
    with pytest.raises(CodecError, match="mdat"):
        tables.avif_payload(small[:40])


def test_a_tfcomp_files_payload_is_its_sections(bundle_folder):
    import tfcomp

    codec = tfcomp.load(bundle_folder)
    data = codec.compress(PICTURE, quality=1)
    # 9 bytes before the size, 2 of size, 2 of section length, 4 of CRC.
    assert len(data) - tables.tfcomp_payload(data, codec.bundle) == 17


def row(codec, quality, psnr, whole, stripped):
    return tables.Row(codec, quality, psnr, whole, stripped, 1024)


def test_bytes_at_a_psnr_are_interpolated_in_log_bytes_and_never_extrapolated():
    rows = [row("jpeg", 1, 30.0, 100.0, 10.0), row("jpeg", 2, 32.0, 400.0, 90.0)]
    whole, stripped = tables.at_psnr(rows, 31.0)
    assert whole == pytest.approx(200.0)
    assert stripped == pytest.approx(30.0)
    assert tables.at_psnr(rows, 29.9) is None
    assert tables.at_psnr(rows, 32.1) is None


def test_half_the_bytes_at_every_quality_is_fifty_percent():
    anchor = [row("jpeg", q, 28.0 + q, 100.0 * 1.5**q, 50.0) for q in range(5)]
    halved = [row("own", q, 28.0 + q, 50.0 * 1.5**q, 50.0) for q in range(5)]
    assert tables.difference(anchor, halved, stripped=False).startswith("-50.0 %")
    text = tables.markdown([halved, anchor], "heading")
    assert "| 2 | 30.00 |" in text
    assert f"| {50 * 1.5**2:.0f} |" in text


def test_the_command_measures_real_files(bundle_folder, tmp_path):
    pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)
    for number in range(3):
        Image.fromarray(photo(32, 32, number)).save(tmp_path / f"{number}.png")
    out = tmp_path / "table.md"
    arguments = [f"folder:{tmp_path}", "--split", "train", "--model", str(bundle_folder)]
    assert tables.main([*arguments, "--limit", "2", "--markdown", str(out)]) == 0
    text = out.read_text()
    assert "2 pictures" in text and "32x32" in text and "| webp |" in text
    assert tables.main(["nonsense", "--model", str(bundle_folder)]) == 2


def test_psnr_is_measured_on_decoded_pixels(bundle_folder):
    from tfcomp.evaluation.contestants import Model

    measured = tables.measure(Model(str(bundle_folder)), 2, [PICTURE])
    assert 30 < measured.psnr < 60
    assert measured.bpp == 8 * measured.file_bytes / 1024
    assert np.isfinite(measured.stripped_bpp)

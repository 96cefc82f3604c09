import io

import numpy as np
from PIL import Image

from tfcomp.families import demonstration
from tfcomp.runs import run_folder


def test_a_finished_run_shows_a_file_its_picture_and_jpeg_at_the_same_bytes(tmp_path, tiny_run):
    model, config = run_folder.load_model(tiny_run)
    written = demonstration.make(model, config, tmp_path)
    import tfcomp

    data = written["compressed file"].read_bytes()
    picture = np.asarray(Image.open(written["decoded picture"]))
    np.testing.assert_array_equal(tfcomp.load(written["bundle"]).decompress(data), picture)
    sheet = Image.open(written["beside JPEG"])
    assert sheet.width == 3 * picture.shape[1]
    assert sheet.height > picture.shape[0]


def test_the_jpeg_beside_it_is_the_best_that_fits(photograph):
    decoded, size, quality = demonstration.jpeg_of_size(photograph, 1500)
    assert size <= 1500
    larger = io.BytesIO()
    Image.fromarray(photograph).save(
        larger, "JPEG", quality=quality + 1, optimize=True, subsampling="4:2:0"
    )
    assert len(larger.getvalue()) > 1500
    assert decoded.shape == photograph.shape

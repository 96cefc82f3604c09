"""The two measuring commands, on tiny bundles and a handful of pictures."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from tests import needs

pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)

from lab import channels_table, faces  # noqa: E402


@pytest.fixture(scope="module")
def face_folder(tmp_path_factory, photograph_pieces):
    """A data set of eight "faces", laid out as UTKFace is: dark ones female, light ones male."""
    folder = tmp_path_factory.mktemp("faces")
    rows = []
    for number, pixels in enumerate(photograph_pieces[:8]):
        gender = "male" if number % 2 else "female"
        split = "test" if number >= 4 else "train"
        name = f"{split}/{gender}/{number}.png"
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        light = pixels // 2 + (127 if gender == "male" else 0)
        Image.fromarray(light.astype(np.uint8)).save(folder / name)
        age = 5 if number == 7 else 30
        rows.append({"file": name, "age": age, "gender": gender})
    with (folder / "attributes.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ["file", "age", "gender"])
        writer.writeheader()
        writer.writerows(rows)
    return folder


def test_the_faces_table_counts_whole_files_of_adults(vaegan_bundle, face_folder, tmp_path):
    out = tmp_path / "out"
    flags = ["--model", str(vaegan_bundle), "--judge", str(tmp_path / "judge.weights.h5")]
    assert faces.main([str(face_folder), *flags, "--out", str(out)]) == 0
    results = json.loads((out / "faces.json").read_text())
    ours = results["rows"][0]
    assert ours["codec"] == "tiny-faces"
    assert 14 < ours["bytes"] < 64
    assert 0 < ours["payload_bits"] == pytest.approx(8 * (ours["bytes"] - 14))
    jpeg = next(row for row in results["rows"] if row["codec"] == "jpeg, smallest")
    assert jpeg["bytes"] > 250 and jpeg["payload_bits"] is None
    # Of the four test pictures the child's is left out.
    assert (out / "faces.md").read_text().startswith("3 test faces")
    with Image.open(out / "contact_sheet.png") as sheet:
        assert sheet.width > 4 * 32


def test_refined_faces_have_a_row_of_their_own(face_folder, tmp_path):
    out = tmp_path / "out"
    judge = str(tmp_path / "judge.weights.h5")
    flags = ["--model", "vaegan-faces", "--judge", judge, "--limit", "2"]
    assert faces.main([str(face_folder), *flags, "--refine", "15", "--out", str(out)]) == 0
    plain, refined = json.loads((out / "faces.json").read_text())["rows"][:2]
    assert (plain["codec"], refined["codec"]) == ("vaegan-faces", "vaegan-faces, --refine 15")
    assert refined["psnr"] > plain["psnr"] + 0.1
    assert refined["bytes"] <= plain["bytes"]


def test_a_folder_without_faces_is_one_clear_line(vaegan_bundle, tmp_path, capsys):
    flags = ["--model", str(vaegan_bundle), "--judge", str(tmp_path / "judge.weights.h5")]
    assert faces.main([str(tmp_path), *flags, "--out", str(tmp_path / "out")]) == 2
    assert "attributes.csv" in capsys.readouterr().err


def test_the_channels_table_measures_real_files(ladder_bundle, photograph_pieces, tmp_path):
    folder = tmp_path / "images" / "test"
    folder.mkdir(parents=True)
    for number, pixels in enumerate(photograph_pieces[8:10]):
        Image.fromarray(pixels).save(folder / f"{number}.png")
    out = tmp_path / "out"
    flags = ["--model", str(ladder_bundle), "--out", str(out)]
    assert channels_table.main([str(tmp_path / "images"), *flags]) == 0
    rows = json.loads((out / "channels.json").read_text())["ours"]
    assert [row["channels"] for row in rows] == [2, 14]
    assert rows[0]["ratio"] > rows[1]["ratio"] > 1
    table = (out / "channels.md").read_text()
    assert "| 2 | 0.710 | 21.57 | 24.49x |" in table

"""Beam takes what the command takes of pictures of any channels and depth."""

import json

import numpy as np
import pytest

from tests import needs

pytest.importorskip("tensorflow", reason=needs.TENSORFLOW)
pytest.importorskip("apache_beam", reason=needs.BEAM)
tifffile = pytest.importorskip("tifffile", reason=needs.ARRAYS)

import tfcomp  # noqa: E402
from tests.channels import pictures  # noqa: E402
from tfcomp.beam import command  # noqa: E402


def test_npy_and_tiff_become_the_codecs_files_and_others_are_named_with_their_reason(
    five_bundle, photograph, tmp_path, capsys
):
    from PIL import Image

    source, target = tmp_path / "in", tmp_path / "out"
    (source / "deep").mkdir(parents=True)
    image, other = pictures.whole(9, 5, 12), pictures.whole(8, 5, 12, height=40, width=50)
    np.save(source / "a.npy", image)
    layout = {"photometric": "minisblack", "planarconfig": "contig"}
    tifffile.imwrite(source / "deep" / "b.tif", other, **layout)
    np.save(source / "three.npy", image[..., :3])
    np.save(source / "stack.npy", np.stack([image, image]))
    np.save(source / "large.npy", image * 16)
    (source / "cut.npy").write_bytes((source / "a.npy").read_bytes()[:-9])
    Image.fromarray(photograph).save(source / "photo.png")
    arguments = [str(source), str(target), "--model", str(five_bundle), "--quality", "2"]
    assert command.main(arguments) == 2
    codec = tfcomp.load(five_bundle)
    written = {p.relative_to(target).as_posix(): p for p in target.rglob("*.tfcomp")}
    assert sorted(written) == ["a.npy.tfcomp", "deep/b.tif.tfcomp"]
    assert written["a.npy.tfcomp"].read_bytes() == codec.compress(source / "a.npy", 2)
    assert written["deep/b.tif.tfcomp"].read_bytes() == codec.compress(other, 2)
    lines = map(json.loads, (target / "errors.jsonl").read_text().splitlines())
    reasons = {line["name"]: line["reason"] for line in lines}
    for name, said in (
        ("three.npy", "give [H, W, 5]"),
        ("photo.png", "give [H, W, 5]"),
        ("stack.npy", "holds 2 pictures"),
        ("large.npy", "scale or clip"),
        ("cut.npy", "cannot be read"),
    ):
        assert said in reasons.pop(name)
    assert not reasons
    assert "5 files failed" in capsys.readouterr().err

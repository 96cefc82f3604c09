"""Writes the seeds of fuzz/corpus, from the shipped bundles and golden files and from formulas.

    python -m fuzz.make_corpora

Seeds that are there under other names, such as inputs that once crashed, stay.
"""

from __future__ import annotations

import dataclasses
import io
import json
import tempfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

import tfcomp
from fuzz import section_cases
from tests import shipped
from tests.spec.toy_networks import ToyNetworks
from tests.spec.vector_file import checks_of
from tfcomp.bitstream import range_coder
from tfcomp.bitstream.container import Container, pack, parse
from tfcomp.bitstream.picture_file import Frame, PictureFile
from tfcomp.bitstream.picture_writer import write_file
from tfcomp.bitstream.tables import CdfTables, load_tables, save_tables
from tfcomp.entropy_kinds.hyperprior import sections as hyperprior_sections
from tfcomp.runtime import checksums
from tfcomp.runtime.bundle import Manifest, fingerprint_of, read_manifest

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / "fuzz" / "corpus"
GOLDEN = ROOT / "spec" / "golden"
SIZES = ((1, 1), (16, 16), (33, 17), (64, 48))  # height, width in pixels
TOY_FEATURES = 4  # known_bundles.c has as many
EACH = 8  # sections of each kind


def write(folder: Path = CORPUS) -> None:
    """Writes all seeds into folders `file`, `pictures`, `cuts`, `sections`, `tables`, `bundle`."""
    for kind, seeds in (
        ("file", {**golden_files(), **coded_files(), **toy_files()}),
        ("pictures", pictures()),
        ("cuts", cuts()),
        ("sections", sections()),
        ("tables", tables()),
        ("bundle", {**manifests(), **zipped_bundles()}),
    ):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for name, data in seeds.items():
            (folder / kind / name).write_bytes(data)


def bundles() -> dict[str, Manifest]:
    """The shipped bundles' manifests by name."""
    paths = sorted(shipped.folders(), key=lambda path: path.name)
    return {path.name: read_manifest(path) for path in paths}


def _cases(manifest: Manifest):
    """(name, height, width, quality) of the files of a bundle."""
    fixed = manifest.fixed_size
    for number, (height, width) in enumerate([fixed[::-1]] if fixed else SIZES):
        quality = 1 + (number * 3 + 1) % manifest.qualities
        yield f"{height}x{width}-q{quality}", height, width, quality


def golden_files() -> dict[str, bytes]:
    """The golden files by name."""
    found = sorted(GOLDEN.glob("*/*.tfcomp"))
    return {f"golden-{path.parent.name}-{path.stem}": path.read_bytes() for path in found}


def coded_files() -> dict[str, bytes]:
    """Crops of a photograph, by every bundle's own networks."""
    with Image.open(GOLDEN / "cycle" / "chelsea-quality-4.png") as image:
        photograph = np.asarray(image.convert("RGB"))
    seeds = {}
    for name, manifest in bundles().items():
        codec = tfcomp.load(shipped.folder_of(name))
        for case, height, width, quality in _cases(manifest):
            crop = np.resize(photograph[:height, :width], (height, width, 3))
            seeds[f"{name}-{case}"] = codec.compress(crop, quality=quality)
    return seeds


def toy_files() -> dict[str, bytes]:
    """Files of the bundles with a hyperprior, whose networks are formulas: they decode in C."""
    random = np.random.default_rng(31)
    seeds = {}
    for name, manifest in bundles().items():
        layout = manifest.layout
        if layout is None:
            continue
        held = load_tables(shipped.folder_of(name) / "tables.npz")
        channels = [step.channels for step in layout.passes]
        networks = ToyNetworks(channels, TOY_FEATURES, held["latents"].count)
        for case, height, width, quality in _cases(manifest):
            shape = (-(-height // manifest.stride), -(-width // manifest.stride))
            latents = random.normal(0, 2, (*shape, manifest.channels)).astype(np.float32)
            hyper_shape = (-(-shape[0] // 2), -(-shape[1] // 2), layout.hyper_channels)
            coded = hyperprior_sections.encode(
                latents, quality, networks, held, layout, range_coder, thresholds=False,
                hyper_latents=random.integers(-2, 3, hyper_shape).astype(np.int32),
            )  # fmt: skip
            container = Container(manifest.short_fingerprint, quality, width, height, coded)
            seeds[f"toy-{name}-{case}"] = pack(container, manifest.fixed_size)
    return seeds


def vector_files() -> dict[str, bytes]:
    """The files of version 2 that the vectors have."""
    checks = [check for check in checks_of("pictures") if check.reads]
    return {f"vectors-{check.lines['case']}": check.bytes() for check in checks}


def pictures() -> dict[str, bytes]:
    """Files of version 2: those of the vectors, and what the bundles wrote, in boxes."""
    seeds = vector_files()
    files = {**coded_files(), **toy_files()}
    for bundle, manifest in bundles().items():
        if manifest.fixed_size is not None:
            continue
        prefix = "toy-" if manifest.layout is not None else ""
        name = f"{prefix}{bundle}-16x16-q5"
        data = files[name]
        image = parse(data, lambda _, held=manifest: held)
        frame = Frame((image,), image.width, image.height)
        shown = dataclasses.replace(frame, duration=40)
        seeds[f"{name}-exif"] = write_file(PictureFile((frame,), exif=b"exif"))
        grey = dataclasses.replace(frame, grey=True)
        seeds[f"{name}-grey"] = write_file(PictureFile((grey,)))
        seeds[f"{name}-twice"] = write_file(PictureFile((shown, shown), loops=0))
        tiles = dataclasses.replace(frame, tile_side=64)
        seeds[f"{name}-tile"] = write_file(PictureFile((tiles,)))
        seeds[f"{name}-cut"] = seeds[f"{name}-exif"][:-40]
    return seeds


def cuts() -> dict[str, bytes]:
    """Files of both versions, and how many of their first bytes there are: for fuzz_cuts.c."""
    files = {name: data for name, data in toy_files().items() if "33x17" in name}
    files |= vector_files()
    for name in ("binary-64x48-q3", "cycle-factorized-64x48-q3"):
        files[name] = (CORPUS / "file" / name).read_bytes()
    found = {}
    for name, data in files.items():
        # Of a sixteenth no picture can be seen.
        for part, of in ((1, 16), (1, 4), (3, 4)):
            head = b"C" + (len(data) * part // of).to_bytes(2, "little")
            found[f"{name}-{part}-of-{of}"] = head + data
    return found


def sections() -> dict[str, bytes]:
    """Inputs of fuzz_sections.c."""
    random = np.random.default_rng(32)
    seeds = {}
    for number in range(EACH):
        for case_of in (section_cases.factorized, section_cases.bits, section_cases.hyperprior):
            for suffix, data in case_of(random).variants().items():
                seeds[f"{case_of.__name__}-{number}{suffix}"] = data
        for kind, name in (
            (section_cases.VALUES_ROUND_TRIP, "round-trip-of-values"),
            (section_cases.SECTION_ROUND_TRIP, "round-trip-of-a-section"),
        ):
            seeds[f"{name}-{number}"] = section_cases.round_trip(random, kind)
    random = np.random.default_rng(35)
    for number, pattern in enumerate((0, 30, 100, 249)):
        for suffix, data in section_cases.hyperprior(random, pattern).variants().items():
            seeds[f"dependent-{number}{suffix}"] = data
    return seeds


def tables() -> dict[str, bytes]:
    """Small tables.npz files, sound and not, and a shipped one."""
    random = np.random.default_rng(33)
    seeds = {"vaegan-faces": (shipped.folder_of("vaegan-faces") / "tables.npz").read_bytes()}
    for count in (1, 2, 5):
        made = section_cases.random_tables(random, count).tables
        seeds[f"sound-{count}"] = sound = _saved({"latents": made, "hyper_latents": made})
        seeds[f"cut-{count}"] = sound[: len(sound) * 2 // 3]
    arrays = {**made.to_arrays("latents"), **made.to_arrays("hyper_latents")}
    seeds["deflated"] = _npz(arrays, zipfile.ZIP_DEFLATED)
    seeds["not-vectors"] = _npz({name: array[None] for name, array in arrays.items()})
    seeds["of-int64"] = _npz({name: array.astype(np.int64) for name, array in arrays.items()})
    seeds["falling"] = _npz({**arrays, "latents/cdf": arrays["latents/cdf"][::-1].copy()})
    seeds["two-directories"] = seeds["sound-1"] + seeds["sound-2"]
    return seeds


def _saved(held: dict[str, CdfTables]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tables.npz"
        save_tables(path, held)
        return path.read_bytes()


def _npz(arrays: dict[str, np.ndarray], compression: int = zipfile.ZIP_STORED) -> bytes:
    contents = {}
    for name, array in arrays.items():
        content = io.BytesIO()
        np.save(content, array)
        contents[f"{name}.npy"] = content.getvalue()
    return _zipped(contents, compression)


def _zipped(contents: dict[str, bytes], compression: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in contents.items():
            entry = zipfile.ZipInfo(name)  # of 1980: the same bytes every day
            entry.compress_type = compression
            archive.writestr(entry, content)
    return out.getvalue()


def manifests() -> dict[str, bytes]:
    """One of each kind of entropy model, and one whose number is too large."""
    kinds = ("vaegan-faces", "cycle", "binary")
    seeds = {name: (shipped.folder_of(name) / "manifest.json").read_bytes() for name in kinds}
    large = json.loads(seeds["cycle"])
    large["feedback_gains"] = ["LARGE"] * large["qualities"]
    seeds["too-large"] = json.dumps(large).encode().replace(b'"LARGE"', b"1" + b"0" * 400)
    return seeds


def zipped_bundles() -> dict[str, bytes]:
    """A bundle that is sound but for its networks, which are none; and its SHA256SUMS."""
    manifest = json.loads((shipped.folder_of("vaegan-faces") / "manifest.json").read_bytes())
    made = section_cases.random_tables(np.random.default_rng(34), 2).tables
    contents = {
        "encoder.tflite": b"no encoder",
        "decoder.tflite": b"no decoder",
        "tables.npz": _saved({"latents": made}),
    }
    manifest["channels"] = 2
    del manifest["training"], manifest["rate_distortion"]
    parts = [contents["decoder.tflite"], contents["tables.npz"]]
    manifest["fingerprint"] = fingerprint_of(parts, manifest["entropy"])
    contents["manifest.json"] = json.dumps(manifest).encode()
    sums = checksums.render(contents)
    sealed = {**contents, "SHA256SUMS": sums}
    return {
        "sums": sums,
        "zipped": _zipped(sealed, zipfile.ZIP_STORED),
        "deflated": _zipped(sealed, zipfile.ZIP_DEFLATED),
        "unsealed": _zipped(contents, zipfile.ZIP_STORED),
        "folder-in-it": _zipped({f"b/{k}": v for k, v in sealed.items()}, zipfile.ZIP_STORED),
    }


if __name__ == "__main__":
    write()

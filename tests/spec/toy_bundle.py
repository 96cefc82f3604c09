"""A bundle whose networks are formulas, and a sequence of it, for readers in other languages."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from tests.spec.toy_networks import ToyNetworks
from tests.spec.vector_tables import tables_around_zero
from tfcomp.bitstream.container import Container
from tfcomp.bitstream.picture_file import Frame, PictureFile
from tfcomp.bitstream.picture_writer import write_file
from tfcomp.bitstream.tables import save_tables
from tfcomp.entropy_kinds.hyperprior.coder import HyperpriorCoder
from tfcomp.entropy_kinds.hyperprior.layout import SECTION_NAMES, SEQUENCE_TABLES, Layout

FEATURES, SCALES, STRIDE = 3, 6, 16
LAYOUT = Layout((2, 3), 2, 2, (4, 1), quincunx=1, sequence=True)
FINGERPRINT = bytes.fromhex("c0ffee08")
KINDS = (False, True, True, False, True, True)  # which frames depend on the one before


class _OwnHyperLatents(ToyNetworks):
    """The formulas, with hyper-latents that follow the latents."""

    def hyper_analysis(self, latents: np.ndarray, quality: float) -> np.ndarray:
        height, width = (-(-side // 2) for side in latents.shape[:2])
        means = np.rint(latents[::2, ::2, : LAYOUT.hyper_channels])
        return np.ascontiguousarray(means[:height, :width]).astype(np.int32)


def write_bundle(folder: Path) -> HyperpriorCoder:
    """Writes manifest.json and tables.npz; gives the coder of such a bundle."""
    random = np.random.default_rng(8)
    counts = (2 * LAYOUT.hyper_channels, SCALES) * 2
    names = (*SECTION_NAMES, *SEQUENCE_TABLES)
    tables = {name: tables_around_zero(random, count) for name, count in zip(names, counts)}
    manifest = {
        "qualities": 2,
        "stride": STRIDE,
        "channels": LAYOUT.channels,
        "fixed_size": None,
        "entropy": {"kind": "hyperprior", **LAYOUT.to_manifest()},
        "fingerprint": FINGERPRINT.hex() + 56 * "0",
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))
    save_tables(folder / "tables.npz", tables)
    channels = [step.channels for step in LAYOUT.passes]
    networks = _OwnHyperLatents(channels, FEATURES, SCALES)
    return HyperpriorCoder(tables, LAYOUT, networks, 2)


def sequence(coder: HyperpriorCoder, width: int, height: int) -> tuple[bytes, np.ndarray]:
    """A file, and the latents of its frames: int32 [frames, h, w, C]."""
    random = np.random.default_rng(9)
    size = -(-height // STRIDE), -(-width // STRIDE)
    latents = random.normal(0, 2, (*size, LAYOUT.channels)).astype(np.float32)
    frames, found, before = [], [], None
    for number, dependent in enumerate(KINDS):
        latents = latents + (random.random(latents.shape) < 0.3).astype(np.float32)
        quality = 1 + number % 2
        own = coder.after(before) if dependent and before else coder
        sections, decoded = own.encode_and_decode(latents, quality)
        before = own.decode_frame(sections, quality, *size)
        image = Container(FINGERPRINT, quality, width, height, sections)
        frames.append(Frame((image,), width, height, dependent=dependent, duration=40))
        found.append(decoded.astype(np.int32))
    return write_file(PictureFile(tuple(frames), loops=0)), np.stack(found)

"""Writes a bundle: all that the running world needs of a trained model.

    NAME/manifest.json   what it is and how it was measured
         encoder.tflite  decoder.tflite  tables.npz  [entropy.tflite]
         README.md       the model card
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import tempfile
from pathlib import Path

from tfcomp.bitstream.container import MAX_PIXELS
from tfcomp.bitstream.tables import save_tables
from tfcomp.entropy.hyperprior import Hyperprior
from tfcomp.errors import OutputError
from tfcomp.export import model_card, tflite
from tfcomp.export.deployed import DeployedCodec
from tfcomp.export.deployed_entropy import DeployedEntropy
from tfcomp.runtime.bundle import fingerprint_of

BUNDLE_FORMAT_VERSION = 1


def write_bundle(model, config, folder, name, quantize="none", training=None, licence=None):
    """Exports a trained model as a bundle folder.

    Args:
      model: a built `CycleModel`.
      config: the `tfcomp.config.Config` it was trained with.
      folder: where the bundle goes; files of an older bundle there are replaced as a whole.
      name: the bundle's name.
      quantize: see `tflite.convert`.
      training: a JSON-ready summary of the training for the manifest.
      licence: terms of the weights, one line.

    Returns:
      the manifest, a dict.

    Raises:
      OutputError: the folder can't be written, or holds something that is no bundle.
    """
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()) and not (folder / "manifest.json").is_file():
        raise OutputError(f"{folder} holds files that are no bundle: give an empty folder")
    deployed = DeployedCodec(model, half=quantize == "float16")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise OutputError(f"can't write {folder}: {error.strerror}") from error
    try:
        (work / "encoder.tflite").write_bytes(tflite.convert(deployed, "encode", quantize))
        (work / "decoder.tflite").write_bytes(tflite.convert(deployed, "decode", quantize))
        save_tables(work / "tables.npz", model.tables)
        entropy = {"kind": config.model.prior}
        if isinstance(model.prior, Hyperprior):
            networks = DeployedEntropy(model.prior)
            (work / "entropy.tflite").write_bytes(
                tflite.convert_signatures(networks, networks.functions)
            )
            entropy.update(dataclasses.asdict(model.prior.layout))
        manifest = {
            "format_version": BUNDLE_FORMAT_VERSION,
            "name": name,
            "family": config.model.family,
            "qualities": model.qualities,
            "default_quality": config.model.default_quality,
            "stride": model.stride,
            "channels": config.model.widths[-1],
            "reach": reach(config.model),
            "fixed_size": None,
            "max_pixels": MAX_PIXELS,
            "entropy": entropy,
            "quantization": quantize,
            "fingerprint": fingerprint(work, entropy),
            "training": training or {},
            "rate_distortion": [],
            "licence": licence or "not stated",
        }
        write_manifest(work, manifest)
        os.chmod(work, 0o755)
        _swap(work, folder)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    model.use_bundle(model.tables, bytes.fromhex(manifest["fingerprint"]))
    return manifest


def reach(settings):
    """How many latent elements to each side an output of either network can depend on.

    The runtime overlaps the tiles of large pictures by this much.

    Args:
      settings: a `tfcomp.config.ModelConfig`.
    """
    pixels = 0
    for level, blocks in enumerate(settings.residual_blocks):
        pixels += (settings.kernel_size // 2 + 1) * 2**level  # the strided convolution
        pixels += 2 * blocks * 2 ** (level + 1)  # two 3x3 convolutions a block
    return -(-pixels // settings.stride)


def fingerprint(folder, entropy):
    """SHA-256 (hex) over all that a file is decoded with.

    Args:
      folder: the bundle's folder.
      entropy: the manifest's "entropy" object; with a hyperprior its layout counts too.
    """
    folder = Path(folder)
    names = ["decoder.tflite", "tables.npz"]
    if entropy["kind"] == "hyperprior":
        names.append("entropy.tflite")
    parts = {name: (folder / name).read_bytes() for name in names}
    return fingerprint_of([parts[name] for name in names], entropy)


def write_manifest(folder, manifest):
    """Writes manifest.json and the model card made from it."""
    folder = Path(folder)
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(model_card.render(manifest), encoding="utf-8")


def _swap(work, folder):
    """Puts the finished folder in place; the old one is removed only after that."""
    old = None
    if folder.exists():
        old = folder.with_name(f".{folder.name}-old-{os.getpid()}")
        os.replace(folder, old)
    os.replace(work, folder)
    if old:
        shutil.rmtree(old)

"""Writes a bundle: all that the running world needs of a trained model.

    NAME/manifest.json   what it is and how it was measured
         encoder.tflite  decoder.tflite  tables.npz  [entropy.tflite]  [gradient.tflite]
         README.md       the model card
         SHA256SUMS      what each of these files is
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
from tfcomp.config.cycle import FEEDBACK_SETTINGS
from tfcomp.entropy.bit_prior import BitPrior
from tfcomp.entropy.hyperprior import Hyperprior
from tfcomp.errors import OutputError
from tfcomp.export import calibration, model_card, tflite
from tfcomp.export.checksums import write_checksums
from tfcomp.export.deployed_entropy import DeployedEntropy
from tfcomp.export.deployed_gradient import DeployedGradient
from tfcomp.export.families import deploy
from tfcomp.runtime.atomic_file import write_atomically
from tfcomp.runtime.bundle import fingerprint_of

BUNDLE_FORMAT_VERSION = 1


def write_bundle(
    model,
    config,
    folder,
    name,
    quantize="none",
    training=None,
    licence=None,
    images=None,
    check=None,
    measure=None,
):
    """Exports a trained model as a bundle folder.

    Args:
      model: a built codec model of any family.
      config: the `tfcomp.config.Config` it was trained with.
      folder: where the bundle goes; files of an older bundle there are replaced as a whole.
      name: the bundle's name.
      quantize: see `tflite.convert`.
      training: a JSON-ready summary of the training for the manifest.
      licence: terms of the weights, one line.
      images: for quantize "int8", pictures to calibrate with: list of uint8 [H, W, 3].
      check: called with the finished folder before it takes its place; what it raises keeps the
        bundle from being written.
      measure: called likewise; returns more entries for the manifest, of what it measured
        (`measured.measured`).

    Returns:
      the manifest, a dict.

    Raises:
      OutputError: the folder can't be written, or holds something that is no bundle.
    """
    folder = Path(folder)
    if folder.exists() and any(folder.iterdir()) and not (folder / "manifest.json").is_file():
        raise OutputError(f"{folder} holds files that are no bundle: give an empty folder")
    deployed = deploy(model, half=quantize == "float16")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise OutputError(f"can't write {folder}: {error.strerror}") from error
    try:
        samples = {"encode": None, "decode": None}
        if quantize == "int8":
            fixed = config.model.fixed_size
            samples = calibration.samples(deployed, images, model.stride, model.qualities, fixed)
        for file, signature in (("encoder.tflite", "encode"), ("decoder.tflite", "decode")):
            network = tflite.convert(deployed, signature, quantize, samples[signature])
            (work / file).write_bytes(network)
        save_tables(work / "tables.npz", model.tables)
        entropy, distortion_weights, feedback = {"kind": config.model.prior}, (), {}
        if isinstance(model.prior, Hyperprior):
            networks = DeployedEntropy(model.prior, half=quantize == "float16")
            stored = "float16" if quantize == "float16" and networks.fits_float16 else "none"
            (work / "entropy.tflite").write_bytes(
                tflite.convert_signatures(networks, networks.functions, stored)
            )
            layout = dataclasses.asdict(model.prior.layout)
            # The encoder's business: it has no part in the fingerprint of what decodes.
            distortion_weights = layout.pop("distortion_weights")
            feedback = {name: getattr(config.model, name) for name in FEEDBACK_SETTINGS}
            if config.model.gradient_gains:
                _write_gradient(model, work)
            entropy.update(layout)
        if isinstance(model.prior, BitPrior):
            entropy.update(model.prior.layout.to_manifest())
        manifest = {
            "format_version": BUNDLE_FORMAT_VERSION,
            "name": name,
            "family": config.model.family,
            "qualities": model.qualities,
            "default_quality": config.model.default_quality,
            "stride": model.stride,
            "channels": config.model.channels,
            "reach": config.model.reach,
            "decoder_reach": config.model.decoder_reach,
            "fixed_size": config.model.fixed_size,
            "max_pixels": MAX_PIXELS,
            "entropy": entropy,
            "distortion_weights": distortion_weights,
            **feedback,
            "quantization": quantize,
            "fingerprint": fingerprint(work, entropy),
            "training": training or {},
            "rate_distortion": [],
            "licence": licence or "not stated",
        }
        write_manifest(work, manifest)
        if check is not None:
            check(work)
        if measure is not None:
            manifest.update(measure(work))
            write_manifest(work, manifest)
        os.chmod(work, 0o755)
        _swap(work, folder)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    model.use_bundle(model.tables, bytes.fromhex(manifest["fingerprint"]))
    return manifest


def _write_gradient(model, folder):
    # In 8 bits, whatever the rest: encoders take small steps along it, and quantise after each.
    network = tflite.convert(DeployedGradient(model), "gradient", "dynamic")
    (folder / "gradient.tflite").write_bytes(network)


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
    """Writes manifest.json, the model card made from it, and SHA256SUMS over all of the bundle."""
    folder = Path(folder)
    card = model_card.render(manifest)
    write_atomically(folder / "manifest.json", (json.dumps(manifest, indent=1) + "\n").encode())
    write_atomically(folder / "README.md", card.encode())
    write_checksums(folder)


def _swap(work, folder):
    """Puts the finished folder in place; the old one is removed only after that."""
    old = None
    if folder.exists():
        old = folder.with_name(f".{folder.name}-old-{os.getpid()}")
        os.replace(folder, old)
    os.replace(work, folder)
    if old:
        shutil.rmtree(old)

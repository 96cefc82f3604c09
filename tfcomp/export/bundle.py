"""Writes a bundle: all that the running world needs of a trained model.

    NAME/manifest.json   what it is and how it was measured
         encoder.tflite  decoder.tflite  tables.npz  [entropy.tflite]  [gradient.tflite]
         [encoder.json]  numbers for encoders that search for better latents
         [results.json]  what it was measured to do
         [config.yaml  weights.npz]  for trainings that start from it
         README.md       the model card
         SHA256SUMS      what each of these files is
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, Sequence

import numpy as np

from tfcomp.bitstream.container import MAX_PIXELS
from tfcomp.bitstream.tables import save_tables
from tfcomp.config import FAMILIES, Config
from tfcomp.encoder_tuning import ENCODER_TUNING, EncoderTuning
from tfcomp.entropy_kinds.registry import KINDS
from tfcomp.errors import OutputError
from tfcomp.export import calibration, model_card, tflite
from tfcomp.export.checksums import write_checksums
from tfcomp.export.families import deploy
from tfcomp.export.measured import RESULTS
from tfcomp.export.unfinished import unfinished_folder
from tfcomp.image_spec import RGB8, ImageSpec
from tfcomp.models.base import CodecModel
from tfcomp.runs import run_folder
from tfcomp.runtime.atomic_file import write_atomically
from tfcomp.runtime.bundle import fingerprint_of

BUNDLE_FORMAT_VERSION = 1
_VERSION_WITH_IMAGE = 2
_MANIFEST = "manifest.json"
_NOT_IN_EVERY_BUNDLE = (
    *("entropy.tflite", "gradient.tflite", "thumbnail.tflite"),
    *(ENCODER_TUNING, RESULTS, run_folder.CONFIG, run_folder.WEIGHTS),
)


def write_bundle(
    model: CodecModel,
    config: Config,
    folder: str | Path,
    name: str,
    quantize: str = "none",
    training: dict[str, Any] | None = None,
    images: Sequence[np.ndarray] | None = None,
    trainable: bool = False,
    finish: Callable[[Path], Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Exports a trained model as a bundle folder.

    Args:
      model: a built codec model of any family.
      config: the `tfcomp.config.Config` it was trained with.
      folder: where the bundle goes; files of an older bundle there are replaced, and all else in
        the folder stays, such as a SavedModel's versions.
      name: the bundle's name.
      quantize: see `tflite.convert`.
      training: a JSON-ready summary of the training for the manifest.
      images: for quantize "int8", pictures to calibrate with: list of samples [H, W, channels].
      trainable: whether trainings can start from the bundle; it grows by two bytes a weight.
      finish: called with the whole bundle, in a hidden folder, before it takes its place. It may
        change files, and returns more entries for the manifest. What it raises keeps the bundle
        from being written.

    Returns:
      the manifest, a dict.

    Raises:
      OutputError: the folder can't be written, or holds something that is no bundle.
    """
    folder = Path(folder)
    with _output_errors_named(folder):
        if folder.exists() and any(folder.iterdir()) and not (folder / _MANIFEST).is_file():
            raise OutputError(f"{folder} holds files that are no bundle: give an empty folder")
        folder.parent.mkdir(parents=True, exist_ok=True)
    with _output_errors_named(folder), unfinished_folder(folder.parent, folder.name) as work:
        _write_parts(model, config, quantize, images, work)
        if trainable:
            run_folder.save_trainable(model, config, work)
        manifest = _manifest(model, config, name, quantize, work)
        manifest["training"] = training or {}
        write_manifest(work, manifest)
        if finish is not None:
            manifest.update(finish(work))
            write_manifest(work, manifest)
        _install(work, folder)
    model.use_bundle(model.tables, bytes.fromhex(manifest["fingerprint"]))
    return manifest


def _write_parts(
    model: CodecModel,
    config: Config,
    quantize: str,
    images: Sequence[np.ndarray] | None,
    folder: Path,
) -> None:
    """Writes networks, tables and the numbers for encoders."""
    half = quantize == "float16"
    deployed = deploy(model, half, apart=quantize == "dynamic")
    samples: dict[str, Any] = {"encode": None, "decode": None}
    kind = model.prior.kind
    if quantize == "int8":
        samples = calibration.samples(
            deployed,
            [image.astype(model.image.network_dtype, copy=False) for image in images or ()],
            model.stride,
            model.qualities,
            config.model.fixed_size,
            kind.latent_units,
        )
    for file, signature in (("encoder.tflite", "encode"), ("decoder.tflite", "decode")):
        network = tflite.convert(deployed, signature, quantize, samples[signature])
        (folder / file).write_bytes(network)
    save_tables(folder / "tables.npz", model.tables)
    # Integers that fit float16 lose nothing.
    small = quantize in ("float16", "dynamic")
    networks = kind.graph.networks(model.prior, half=small)
    if networks is not None:
        stored = "float16" if small and networks.fits_float16 else "none"
        (folder / "entropy.tflite").write_bytes(
            tflite.convert_signatures(networks, networks.functions, stored)
        )
    if kind.takes_feedback:
        # Not every family has a tuning; encoders of the others take no rounds.
        _write_tuning(model, getattr(config.model, "tuning", EncoderTuning()), folder)


def _manifest(
    model: CodecModel, config: Config, name: str, quantize: str, folder: Path
) -> dict[str, Any]:
    """The manifest of the parts in a folder, before anything is measured."""
    settings, kind, layout = config.model, model.prior.kind, model.prior.layout
    entropy: dict[str, Any] = {"kind": kind.name, **kind.layout_to_json(layout)}
    manifest = {
        "format_version": BUNDLE_FORMAT_VERSION,
        "name": name,
        "family": settings.family,
        "qualities": model.qualities,
        "default_quality": settings.default_quality,
        "stride": model.stride,
        "channels": settings.channels,
        "reach": settings.reach,
        "decoder_reach": settings.decoder_reach,
        "fixed_size": settings.fixed_size,
        "max_pixels": _max_pixels(model.image),
        "entropy": entropy,
        # The encoder's business: it has no part in the fingerprint of what decodes.
        "distortion_weights": kind.distortion_weights(layout),
        "quantization": quantize,
        "fingerprint": fingerprint(folder, entropy, model.image),
        "training": {},
        "rate_distortion": [],
        "licence": config.release.terms or "not stated",
    }
    if not model.image.is_rgb8:
        manifest |= {"format_version": _VERSION_WITH_IMAGE, "image": model.image.to_json()}
        manifest |= _channel_statistics(model)
    return manifest | ({"authors": config.release.authors} if config.release.authors else {})


def _max_pixels(spec: ImageSpec) -> int:
    """As many as take no more memory than 8-bit RGB of the format's limit."""
    return MAX_PIXELS * 3 // max(3, spec.channels * spec.dtype.itemsize)


def _channel_statistics(model: CodecModel) -> dict[str, Any]:
    """What encoders tell the order of channels from; nothing of a model that never saw pictures."""
    means, deviations = (np.asarray(model.channel_statistics) * model.image.peak).tolist()
    if not any(deviations):
        return {}
    low = model.image.low
    return {
        "channel_means": [float(f"{mean + low:.6g}") for mean in means],
        "channel_deviations": [float(f"{deviation:.6g}") for deviation in deviations],
    }


def _write_tuning(model: CodecModel, tuning: EncoderTuning, folder: Path) -> None:
    replace_tuning(folder, tuning)
    if not tuning.gradient_gains:
        return
    gradient = FAMILIES[model.model_config.family].part("gradient").DeployedGradient(model)
    # In 8 bits, whatever the rest: encoders take small steps along it, and quantise after each.
    network = tflite.convert(gradient, "gradient", "dynamic")
    (folder / "gradient.tflite").write_bytes(network)


def replace_tuning(folder: Path, tuning: EncoderTuning) -> None:
    """Replaces the numbers for encoders; gradient.tflite goes if none of them needs it."""
    if tuning == EncoderTuning():
        (folder / ENCODER_TUNING).unlink(missing_ok=True)
    else:
        (folder / ENCODER_TUNING).write_bytes(tuning.render())
    if not tuning.gradient_gains:
        (folder / "gradient.tflite").unlink(missing_ok=True)


def fingerprint(
    folder: str | Path, entropy: dict[str, Any], image: ImageSpec = RGB8
) -> str:
    """SHA-256 (hex) over everything that decoding a file depends on.

    Args:
      folder: the bundle's folder.
      entropy: the manifest's "entropy" object; with a hyperprior its layout counts too.
      image: what pictures are.
    """
    folder = Path(folder)
    names = ["decoder.tflite", "tables.npz"]
    if KINDS[entropy["kind"]].has_networks:
        names.append("entropy.tflite")
    parts = {name: (folder / name).read_bytes() for name in names}
    return fingerprint_of([parts[name] for name in names], entropy, image)


def write_manifest(folder: str | Path, manifest: dict[str, Any]) -> None:
    """Writes manifest.json, the model card made from it, and SHA256SUMS over all of the bundle."""
    folder = Path(folder)
    card = model_card.render(manifest, (folder / "gradient.tflite").is_file())
    write_atomically(folder / _MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode())
    write_atomically(folder / "README.md", card.encode())
    write_checksums(folder)


@contextlib.contextmanager
def _output_errors_named(folder: str | Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"can't write {folder}: {error.strerror or error}") from error


def _install(work: Path, folder: Path) -> None:
    """Puts the finished bundle in place: renames the folder, or replaces an older bundle's files.

    An existing folder itself stays: a server or a container may hold it open. The manifest is
    replaced last. Until then its fingerprint does not match, so that no reader takes a mixture of
    two bundles for a whole one.
    """
    if not folder.exists():
        os.rename(work, folder)
        return
    names = {path.name for path in work.iterdir()}
    for name in sorted(names - {_MANIFEST}):
        os.replace(work / name, folder / name)
    os.replace(work / _MANIFEST, folder / _MANIFEST)
    for name in set(_NOT_IN_EVERY_BUNDLE) - names:  # of the older bundle
        (folder / name).unlink(missing_ok=True)

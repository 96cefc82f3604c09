"""Size, speed and BD-rate loss of every quantisation of a trained run, in one table.

    python -m lab.quantization_table FOLDER --run runs/cycle --out exports/sizes

Each row is a bundle in --out; an existing one is measured as it is. int8 is calibrated on the
embedded photographs, and measured on FOLDER's pictures. Speed is that of the two networks alone, in
processor time of one thread; the entropy networks are the same in every row.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tfcomp.errors import CodecError, exit_code_of
from tfcomp.images.cropping import middle
from tfcomp.runtime.quiet_tensorflow import import_quietly

_NETWORKS = {"encoder.tflite": "encode", "decoder.tflite": "decode"}
# name -> (what stays float32, bits of the activations)
_INTEGER = {
    "int8": ("edges", 8),
    "int8, latent layer float32": ("latent layer", 8),
    "int8, latent layer and GDN float32": ("normalisation", 8),
    "16x8": ("edges", 16),
}
_ROWS = ("none", "float16", "dynamic", *_INTEGER)


def main(arguments=None):
    """The command; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m lab.quantization_table")
    parser.add_argument("folder", type=Path, help="folder of test images")
    parser.add_argument("--run", type=Path, required=True, help="run folder")
    parser.add_argument("--out", type=Path, required=True, help="folder for the bundles")
    parser.add_argument("--images", type=int, metavar="N", help="take N images, evenly spread")
    parser.add_argument("--crop", type=int, metavar="PIXELS", help="the middle square of each only")
    parser.add_argument("--rows", default=";".join(_ROWS), help=f"some of {'; '.join(_ROWS)}")
    options = parser.parse_args(arguments)
    return exit_code_of("quantization_table", lambda: _run(options))


def _run(options):
    import_quietly()
    from tfcomp.evaluation.images import read_images
    from tfcomp.export import quantization_cost

    images = read_images(options.folder)
    if options.images:
        chosen = np.linspace(0, len(images) - 1, options.images).round().astype(int)
        images = {name: images[name] for name in np.array(sorted(images))[chosen]}
    if options.crop:
        images = {name: middle(image, options.crop, options.crop) for name, image in images.items()}
    rows = ["none", *(row.strip() for row in options.rows.split(";") if row.strip() != "none")]
    folders = {row: options.out / row.replace(", ", "-").replace(" ", "-") for row in rows}
    _make_bundles(options.run, folders)
    print(f"{len(images)} images of {options.folder.name}: {', '.join(images)}")
    print("| weights | encoder + decoder MB | encode Mpx/s | decode Mpx/s | BD-rate |")
    print("| --- | --- | --- | --- | --- |", flush=True)
    reference = None
    for row, folder in tqdm(folders.items(), leave=False, disable=None):
        try:
            points = quantization_cost.points(folder, images)
        except CodecError as error:
            if reference is None:
                raise
            print(f"| {row} | - | - | - | does not run: {error} |", flush=True)
            continue
        reference = reference or points
        cost = quantization_cost.loss(reference, points)
        size = sum((folder / file).stat().st_size for file in _NETWORKS) / 1e6
        encode, decode = speeds(folder, next(iter(images.values())))
        loss = "nothing in common" if cost is None else f"{cost:+.1f} %"
        print(f"| {row} | {size:.2f} | {encode:.2f} | {decode:.2f} | {loss} |", flush=True)


def speeds(bundle, image, repeats=3):
    """(encoder, decoder) of a bundle in Mpx a second of one processor, the best of `repeats`.

    Args:
      bundle: its folder.
      image: uint8 [H, W, 3], cut to the stride.
      repeats: how often each step is timed.
    """
    from tfcomp.networks.interpreter import Model
    from tfcomp.runtime.bundle import Bundle

    read = Bundle.read(bundle)
    stride = read.manifest.stride
    height, width = (side // stride * stride for side in image.shape[:2])
    quality = np.array([read.manifest.default_quality], np.int32)
    image = image[None, :height, :width]
    encoder, decoder = Model(read.encoder, 1, "encoder"), Model(read.decoder, 1, "decoder")
    latents = encoder.run("encode", {"image": image, "quality": quality})["latents"]
    latents = np.round(latents * (8 if latents.dtype == np.float32 else 1)).astype(np.int32)
    found = []
    for model, inputs in ((encoder, {"image": image}), (decoder, {"latents": latents})):
        times = []
        for _ in range(repeats):
            start = time.process_time()
            model.run("encode" if "image" in inputs else "decode", {**inputs, "quality": quality})
            times.append(time.process_time() - start)
        found.append(height * width / min(times) / 1e6)
    return tuple(found)


def _make_bundles(run, folders):
    missing = {row: folder for row, folder in folders.items() if not folder.exists()}
    if not missing:
        return
    from tfcomp.data.sample_source import sample_images
    from tfcomp.export import bundle, calibration, int8, tflite
    from tfcomp.export.families import deploy
    from tfcomp.runs import run_folder

    model, config = run_folder.load_model(run)
    calibrated = {}
    for row, folder in missing.items():
        if row not in _INTEGER:
            bundle.write_bundle(model, config, folder, folder.name, quantize=row)
            continue
        if not calibrated:
            deployed = deploy(model)
            samples = calibration.samples(
                deployed,
                list(sample_images("train").values()),
                model.stride,
                model.qualities,
                config.model.fixed_size,
                model.prior.kind.latent_units,
            )
            for signature in _NETWORKS.values():
                calibrated[signature] = tflite.calibrate(deployed, signature, samples[signature])
        keep, bits = _INTEGER[row]
        networks = {
            file: int8.quantize(calibrated[signature], keep, bits)
            for file, signature in _NETWORKS.items()
        }
        _with_networks(folders["none"], folder, networks)


def _with_networks(source, folder, networks):
    """A copy of a bundle with other networks."""
    from tfcomp.export import bundle

    shutil.copytree(source, folder)
    for file, content in networks.items():
        (folder / file).write_bytes(content)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest.update(
        name=folder.name,
        quantization="int8",
        fingerprint=bundle.fingerprint(folder, manifest["entropy"]),
    )
    bundle.write_manifest(folder, manifest)


if __name__ == "__main__":
    sys.exit(main())

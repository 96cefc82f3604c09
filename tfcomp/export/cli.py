"""The command `python export.py`: exports a run folder to a bundle and a SavedModel."""

from __future__ import annotations

import argparse
import dataclasses
import functools
import logging
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Sequence

from tfcomp.bitstream.container import MAX_PIXELS
from tfcomp.config import Config
from tfcomp.errors import CodecError, ConfigError
from tfcomp.export import measured, versions
from tfcomp.image_spec import ImageSpec, spec_of
from tfcomp.runs.requirements import named
from tfcomp.runtime.quiet_tensorflow import import_quietly

if TYPE_CHECKING:
    from tfcomp.models.base import CodecModel


def parse(arguments: Sequence[str] | None = None, program: str = "export.py") -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(
        prog=program, description="Export a trained codec for phones, servers and Python."
    )
    parser.add_argument("--run", type=Path, default=Path("runs/cycle"), help="run folder")
    parser.add_argument("--out", type=Path, required=True, help="bundle folder to write")
    parser.add_argument("--name", help="the bundle's name; default: the name of --out")
    parser.add_argument("--tflite", action="store_true", help="write the bundle (TFLite pair)")
    parser.add_argument(
        "--saved-model", action="store_true", help="write OUT/VERSION for TF Serving"
    )
    parser.add_argument(
        "--version",
        type=versions.parse_version,
        metavar="N",
        help="of the SavedModel; default: the next that is free in OUT",
    )
    parser.add_argument(
        "--quantize",
        choices=("none", "float16", "dynamic", "int8"),
        default="none",
        help="int8 is measured against float32, and not written if it costs --max-loss or more",
    )
    parser.add_argument(
        "--max-loss", type=float, default=3.0, metavar="PERCENT", help="BD-rate, for int8 (3)"
    )
    parser.add_argument(
        "--calibration",
        type=Path,
        metavar="FOLDER",
        help="pictures int8 learns its ranges from; default: embedded photographs, of 8-bit RGB "
        "and grey alone",
    )
    parser.add_argument(
        "--check",
        type=Path,
        metavar="FOLDER",
        help="other pictures, which int8 is measured on; default: an embedded photograph",
    )
    parser.add_argument(
        "--trainable",
        action="store_true",
        help="put the weights into the bundle, so that tfcomp teach --from can start from it",
    )
    parser.add_argument(
        "--max-pixels",
        type=int,
        metavar="N",
        help="largest picture or file that the SavedModel takes; default: 25 megapixels, and "
        "fewer where a pixel has more than 3 bytes",
    )
    parser.add_argument(
        "--measure",
        type=Path,
        metavar="FOLDER",
        help="measure every quality on these pictures, for the manifest and the model card; "
        "without --tflite and --saved-model, of the bundle that is in --out",
    )
    parser.add_argument(
        "--licence", help="terms of the weights, one line; default: those of the run's config"
    )
    return parser.parse_args(arguments)


def export(options: argparse.Namespace) -> dict[str, Any]:
    """Exports as the options say; returns label -> path of each output."""
    if not (options.tflite or options.saved_model):
        if options.measure is not None:
            return _measure_written(options)
        raise ConfigError("nothing to export: give --tflite, --saved-model or both")
    if options.saved_model and options.quantize in ("dynamic", "int8"):
        raise ConfigError(
            f"a SavedModel has no 8-bit weights: leave out --quantize {options.quantize}"
        )
    if options.max_pixels is not None and not 1 <= options.max_pixels <= MAX_PIXELS:
        raise ConfigError(f"--max-pixels is 1 to {MAX_PIXELS}, not {options.max_pixels}")
    if options.version:
        if not options.saved_model:
            raise ConfigError("--version is of a SavedModel: give --saved-model too")
        versions.check_free(options.out, options.version)
    import_quietly()
    from tfcomp.export import bundle
    from tfcomp.runs import run_folder, run_summary

    model, config = run_folder.load_model(options.run)
    if config.model.family == "look":
        return _export_look(options, model, config)
    _check_spec(options, model.image)
    if options.licence:
        release = dataclasses.replace(config.release, terms=options.licence)
        config = dataclasses.replace(config, release=release)
    if options.quantize != "int8" and options.saved_model:
        _check_takes_pictures(config, options.max_pixels)
    write = functools.partial(
        bundle.write_bundle,
        model,
        config,
        options.out,
        options.name or options.out.name,
        quantize=options.quantize,
        training=run_summary.summarize(config, options.run),
        trainable=options.trainable,
    )
    if options.quantize == "int8":
        return _export_int8(options, model, config, write)
    # Files of the SavedModel carry the bundle's fingerprint.
    manifest = write(finish=lambda folder: _measured(options, folder))
    written = {"bundle": options.out, **_measured_line(manifest)}
    if options.saved_model:
        written["SavedModel"] = versions.write(
            options.out,
            options.version,
            lambda folder: _save_model(model, manifest, folder, options.max_pixels),
        )
    return written


def _export_look(
    options: argparse.Namespace, model: CodecModel, config: Config
) -> dict[str, Any]:
    """Adds a look to the bundle in --out, which is the one of its model."""
    from tfcomp.export import looks

    if options.saved_model or options.quantize == "int8":
        raise ConfigError("a look is one network of a bundle: give --tflite and no int8")
    looks.add_trained(model, config, options.out, options.run, options.quantize)
    return {"bundle": options.out, "look": config.model.name}


def _check_spec(options: argparse.Namespace, spec: ImageSpec) -> None:
    """Raises early what measuring would."""
    if spec.is_rgb8 and options.measure is not None:
        measured.check(options.measure)


def _export_int8(
    options: argparse.Namespace, model: CodecModel, config: Config, write: Callable[..., Any]
) -> dict[str, Any]:
    """Writes the bundle only if it costs less than --max-loss against float32."""
    from tfcomp.export import bundle, int8_pictures, quantization_cost

    known = int8_pictures.calibration_pictures(options.calibration, model.image)
    unseen = int8_pictures.check_pictures(options.check, model.image)
    written: dict[str, Any] = {"bundle": options.out}
    with tempfile.TemporaryDirectory(prefix="tfcomp-") as work:
        reference = Path(work) / "float32"
        bundle.write_bundle(model, config, reference, "float32")

        def finish(candidate: Path) -> dict[str, Any]:
            line = quantization_cost.check(reference, candidate, unseen, options.max_loss)
            written["measured"] = line
            return _measured(options, candidate)

        manifest = write(images=list(known.values()), finish=finish)
    if options.measure is not None:
        written["on pictures"] = manifest["measured"]
    return written


def _measured(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Manifest entries with the figures of the bundle in a folder; none without --measure."""
    return measured.measure(folder, options.measure) if options.measure else {}


def _measured_line(manifest: dict[str, Any]) -> dict[str, str]:
    return {"measured": manifest["measured"]} if "measured" in manifest else {}


def _measure_written(options: argparse.Namespace) -> dict[str, Any]:
    """Measures the bundle in --out, which an earlier run exported."""
    import_quietly()
    from tfcomp.export import bundle

    manifest = measured.measure_written(options.out, options.measure)
    bundle.write_manifest(options.out, manifest)
    return {"bundle": options.out, **_measured_line(manifest)}


def _check_takes_pictures(config: Config, max_pixels: int | None) -> None:
    """Raises ConfigError where the one size that a model takes is above the served limit."""
    from tfcomp.export.graph_codec import served_pixels

    limit = max_pixels or served_pixels(spec_of(config.model))
    width, height = config.model.fixed_size or (1, 1)
    if width * height > limit:
        raise ConfigError(
            f"the model takes pictures of {width}x{height} pixels only, more than the limit of "
            f"{limit}: give --max-pixels {width * height}"
        )


def _save_model(
    model: CodecModel, manifest: dict[str, Any], path: Path, max_pixels: int | None = None
) -> None:
    from tfcomp.export import graph_codec, savedmodel
    from tfcomp.export.families import deploy
    from tfcomp.export.savedmodel_samples import SamplesModule

    half = manifest["quantization"] == "float16"
    deployed = deploy(model, half=half)
    qualities = manifest["qualities"]
    entropy = model.prior.kind.graph.build(model.prior, model.tables, qualities, half)
    served = graph_codec.served_pixels(model.image)
    of_pictures = savedmodel.CodecModule if model.image.is_screen else SamplesModule
    module = of_pictures(
        lambda image, quality: deployed.encode(image, quality)["latents"],
        lambda latents, quality: deployed.decode(latents, quality)["image"],
        entropy,
        fingerprint=bytes.fromhex(manifest["fingerprint"]),
        stride=manifest["stride"],
        qualities=qualities,
        default_quality=manifest["default_quality"],
        max_pixels=max_pixels or min(manifest["max_pixels"], served),
        fixed_size=manifest["fixed_size"],
        image=model.image,
    )
    savedmodel.save(module, path)


def main(arguments: Sequence[str] | None = None, program: str = "export.py") -> int:
    """Runs the command, which messages call `program`; returns 0, or 2 for bad input."""
    options = parse(arguments, program)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        with named():
            for label, path in export(options).items():
                print(f"{label:<12}{path}")
    except (CodecError, OSError) as error:  # OSError: no room for temporary files
        print(f"{program}: {error}", file=sys.stderr)
        return 2
    return 0

"""Adds a look to a bundle: a further decoder for the same files.

The fingerprint stays, as files know nothing of looks; SHA256SUMS covers the new file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tfcomp.config import Config
from tfcomp.errors import ConfigError, OutputError
from tfcomp.export import tflite
from tfcomp.export.bundle import write_manifest
from tfcomp.export.families import deploy
from tfcomp.models.base import CodecModel
from tfcomp.runs import run_summary
from tfcomp.runtime.atomic_file import write_atomically
from tfcomp.runtime.bundle import Bundle, Manifest, look_file


def add_trained(
    model: CodecModel, config: Config, folder: Path, run: Path, quantize: str = "none"
) -> None:
    """Adds a trained look to the bundle of its model.

    Args:
      model: of the family look.
      config: it was trained with.
      folder: of the bundle.
      run: the look's run folder, for what the manifest says of the training.
      quantize: see `tflite.convert`.

    Raises:
      ConfigError: the bundle is another model's.
      CodecError: it is unsound, or would be with the look.
    """
    bundle = Bundle.read(folder)
    tables = model.tables
    same = set(tables) == set(bundle.tables) and all(
        np.array_equal(tables[name].cdf, its.cdf) for name, its in bundle.tables.items()
    )
    if not same:
        raise ConfigError(f"{folder} is not a bundle of the model that this look is for")
    network = tflite.convert(deploy(model, quantize == "float16"), "decode", quantize)
    about = {
        "training": run_summary.summarize(config, run),
        "licence": config.release.terms or "not stated",
    }
    add_look(folder, config.model.name, network, config.model.decoder_reach, **about)


def add_look(
    folder: str | Path, name: str, network: bytes, reach: int | None, **about: Any
) -> None:
    """Writes a decoder and what the manifest says of it into a bundle's folder.

    Args:
      folder: of the bundle. A look of that name is replaced.
      name: lower-case letters, digits and dashes; not "faithful".
      network: a TFLite model with the signature of decoder.tflite.
      reach: how many latent elements to each side an output depends on; None where it is not known.
      about: more for the manifest, for people: training, terms, what it was measured to do.

    Raises:
      OutputError: the bundle with that look would be unsound; it is as it was.
    """
    folder = Path(folder)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    manifest = json.loads(before[folder / "manifest.json"])
    manifest["looks"] = {**manifest.get("looks", {}), name: {"reach": reach, **about}}
    try:
        Manifest.from_json(json.dumps(manifest).encode())  # before a file has that name
        write_atomically(folder / look_file(name), network)
        write_manifest(folder, manifest)
        Bundle.read(folder)
    except Exception as error:
        for path in set(folder.iterdir()) - set(before):
            path.unlink()
        for path, content in before.items():
            write_atomically(path, content)
        raise OutputError(f"{folder} takes no look '{name}': {error}") from error

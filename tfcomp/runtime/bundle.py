"""A bundle: one trained model as a decoder needs it, in a folder or the same folder zipped.

    manifest.json    what the model is (`Manifest`)
    encoder.tflite   image and quality -> latents; the image is uint8, or float32 where samples
                     have more than 8 bits
    decoder.tflite   int32 latents and quality -> image
    tables.npz       the frozen integer tables of the range coder
    entropy.tflite   the integer networks of a hyperprior, where there is one
    encoder.json     step sizes of encoders that improve latents (`EncoderTuning`), where there is
                     one; the manifest of older bundles holds them
    gradient.tflite  the decoder's derivative, for encoders that improve latents, where there is one
    thumbnail.tflite latents and quality -> a small uint8 image, where the manifest has
                     "thumbnail_channels" (tfcomp/export/thumbnail.py)
    look_NAME.tflite further decoders for the same files, which the manifest's "looks" names
    SHA256SUMS       checksums of all these files (tfcomp/runtime/checksums.py); older bundles have
                     none

The fingerprint is the SHA-256 of decoder.tflite followed by tables.npz (and entropy.tflite, with a
hyperprior, and the manifest's "entropy" object, where it describes a layout). A compressed file
carries its first 4 bytes, so whatever changes what a file decodes to also changes the fingerprint.

A bundle is code and is trusted like code (SECURITY.md): bundles are searched for only in the
package, in the folder of `tfcomp install` and where the user said.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfcomp.bitstream.tables import UNREADABLE, CdfTables, load_tables
from tfcomp.encoder_tuning import ENCODER_TUNING, EncoderTuning
from tfcomp.entropy_kinds.registry import KINDS
from tfcomp.errors import BundleError
from tfcomp.image_spec import RGB8, ImageSpec
from tfcomp.runtime import checksums
from tfcomp.runtime.bundle_files import CHECKSUMS, MANIFEST, BundleFiles, reason
from tfcomp.runtime.manifest import Manifest, manifest_object

__all__ = ["Bundle", "Manifest", "fingerprint_of", "is_bundle", "read_manifest"]


@dataclass(frozen=True)
class Bundle:
    """A bundle in memory, its fingerprint verified.

    Attributes:
      manifest: see `Manifest`. source: where it was read from, for messages.
      encoder, decoder: TFLite models. tables: range coder tables by section name.
      tuning: of encoders that improve latents.
      entropy: TFLite model of a hyperprior's integer networks, None without one.
      gradient: TFLite model of the decoder's derivative, None without one.
      thumbnail: TFLite model of small pictures, None without one.
      looks: TFLite models of further decoders, by name.
      digest: 64 hex digits over every file of the bundle; None where it has no SHA256SUMS.
    """

    manifest: Manifest
    source: str
    encoder: bytes
    decoder: bytes
    tables: dict[str, CdfTables]
    tuning: EncoderTuning = EncoderTuning()
    entropy: bytes | None = None
    gradient: bytes | None = None
    thumbnail: bytes | None = None
    looks: Mapping[str, bytes] = field(default_factory=dict)
    digest: str | None = None

    # What `bitstream.container.parse` asks of a bundle.

    @property
    def fixed_size(self) -> tuple[int, int] | None:
        return self.manifest.fixed_size

    @property
    def section_count(self) -> int:
        return self.manifest.section_count

    @property
    def qualities(self) -> int:
        return self.manifest.qualities

    # What `bitstream.picture_reader` asks beyond that.

    @property
    def stride(self) -> int:
        return self.manifest.stride

    @property
    def quality_steps(self) -> int:
        return self.manifest.quality_steps

    @property
    def sequence(self) -> bool:
        return self.manifest.sequence

    @classmethod
    def read(cls, path: str | Path, sealed: bool = False) -> Bundle:
        """Reads a bundle folder or .zip, with every check.

        Args:
          path: of the folder or .zip.
          sealed: refuse a bundle without SHA256SUMS, as the package's own and installed ones are.

        Raises:
          BundleError: the bundle is unsound.
        """
        with _faults_of(path), BundleFiles(Path(path)) as files:
            packed = files.read(MANIFEST)
            manifest = Manifest.from_json(packed)
            contents = {MANIFEST: packed}
            if files.has(ENCODER_TUNING):
                contents[ENCODER_TUNING] = files.read(ENCODER_TUNING)
            tuning = EncoderTuning.read(
                contents.get(ENCODER_TUNING),
                manifest_object(packed),
                manifest.qualities,
                manifest.kind.takes_feedback,
            )
            contents.update((name, files.read(name)) for name in _needed(manifest, tuning))
            parts = [contents[name] for name in _DECODING if name in contents]
            if fingerprint_of(parts, manifest.entropy, manifest.image) != manifest.fingerprint:
                raise BundleError(
                    "its files do not match the manifest's fingerprint; install the bundle again"
                )
            digest = _checked_digest(files, contents, sealed)
            tables = load_tables(contents["tables.npz"])
            missing = set(manifest.kind.section_names) - set(tables)
            if missing:
                raise BundleError(f"tables.npz lacks {', '.join(sorted(missing))}")
            manifest.kind.check_tables(tables, manifest)
        return cls(
            manifest,
            str(path),
            contents["encoder.tflite"],
            contents["decoder.tflite"],
            tables,
            tuning,
            contents.get("entropy.tflite"),
            contents.get("gradient.tflite"),
            contents.get("thumbnail.tflite"),
            {name: contents[look_file(name)] for name in manifest.looks},
            digest,
        )


# What a file is decoded with, in the order in which it is hashed.
_DECODING = ("decoder.tflite", "tables.npz", "entropy.tflite")


def fingerprint_of(
    parts: Sequence[bytes], entropy: Mapping[str, Any], image: ImageSpec = RGB8
) -> str:
    """SHA-256 (64 hex digits) over all that a file is decoded with.

    Args:
      parts: the bytes of decoder.tflite, tables.npz and, with a hyperprior, entropy.tflite.
      entropy: the manifest's object; what it says of a layout is part of what is hashed.
      image: what pictures are: part of it too, unless they are 8-bit RGB.
    """
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    digest.update(KINDS[entropy["kind"]].fingerprinted(entropy))
    digest.update(image.fingerprinted())
    return digest.hexdigest()


def read_manifest(path: str | Path) -> Manifest:
    """Reads only the manifest of a bundle folder or .zip; quick.

    Raises:
      BundleError: the bundle is unsound.
    """
    with _faults_of(path), BundleFiles(Path(path)) as files:
        return Manifest.from_json(files.read(MANIFEST))


def is_bundle(path: Path) -> bool:
    """Whether a path looks like a bundle: a folder with a manifest, or a .zip file."""
    # Unlike Path's, these functions of `os` answer no where they may not look.
    if os.path.isfile(path / MANIFEST):
        return True
    return path.suffix.lower() == ".zip" and os.path.isfile(path)


def _needed(manifest: Manifest, tuning: EncoderTuning) -> list[str]:
    """Networks and tables that are read."""
    names = ["encoder.tflite", "decoder.tflite", "tables.npz"]
    if manifest.kind.has_networks:
        names.append("entropy.tflite")
    if tuning.gradient_gains:
        names.append("gradient.tflite")
    if manifest.thumbnail_channels:
        names.append("thumbnail.tflite")
    return [*names, *map(look_file, manifest.looks)]


def look_file(name: str) -> str:
    """The file of a further decoder."""
    return f"look_{name}.tflite"


def _checked_digest(files: BundleFiles, contents: Mapping[str, bytes], sealed: bool) -> str | None:
    """The bundle's digest after a check against SHA256SUMS; None where it has none."""
    if not files.has(CHECKSUMS):
        if sealed:
            raise BundleError(f"it has no {CHECKSUMS}; install the bundle again")
        return None
    sums = files.read(CHECKSUMS)
    _, listed = checksums.parse(sums)
    others = {name: files.read(name) for name in listed if name not in contents}
    return checksums.check(sums, {**contents, **others})


@contextlib.contextmanager
def _faults_of(path: str | Path) -> Iterator[None]:
    """Turns every failure of a damaged or hostile bundle into a BundleError of one line."""
    try:
        yield
    except UNREADABLE as error:
        raise BundleError(f"bundle {path}: {reason(error)}") from None

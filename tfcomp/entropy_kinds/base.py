"""What the rest of tfcomp asks a kind of entropy model.

A kind is a folder beside this file. Its `kind.py` has one `EntropyKind`, and registry.py one line.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from tfcomp.bitstream.tables import CdfTables
from tfcomp.errors import BundleError
from tfcomp.networks.interpreter import Model

# Beyond this, float32, in which the networks compute, does not hold every integer. No image leads
# there.
MAX_LATENT = 2**24

Tables = Mapping[str, CdfTables]  # by section name
OpenNetworks = Callable[[], Model]  # opens a bundle's entropy.tflite


class EntropyCoder(Protocol):
    """Latents to the sections of a file and back, with the frozen tables of a bundle."""

    latent_dtype: Any  # of what the encoder network hands over

    @property
    def encode(self) -> Callable[..., tuple[bytes, ...]]:
        """([h, w, channels] of `latent_dtype`, quality, the kind's own choices) -> sections."""

    def decode(
        self,
        sections: Sequence[bytes],
        quality: float,
        height: int,
        width: int,
        partial: bool = False,
        first_channels: int | None = None,
    ) -> np.ndarray:
        """The file's sections -> integers [height, width, channels], the decoder's input.

        With `partial` the last section may break off. What is missing is what is likeliest where
        the kind knows that, and else 0. With `first_channels` the others may be left at 0.

        Raises:
          BitstreamError: the file is damaged.
        """

    def pass_ends(
        self, section: bytes, quality: float, height: int, width: int
    ) -> np.ndarray | None:
        """Up to where the last section must be there for each pass: int64, rising.

        None where so little of it is there that nobody knows.
        """

    def shown_quality(self, section: bytes, quality: float, height: int, width: int) -> float:
        """At which quality the decoder network shows what there is of the last section.

        A lower one where a file's beginning is a file of that quality, as with bits.
        """

    def release(self) -> None:
        """Gives back working memory."""


class SearchableCoder(EntropyCoder, Protocol):
    """A coder of a kind that takes feedback: what iterative encoding needs of it."""

    def encode_and_decode(
        self, latents: np.ndarray, quality: float, distortion_weight: float | None = None
    ) -> tuple[tuple[bytes, ...], np.ndarray]:
        """What `encode` gives, and what `decode` makes of that."""

    def rate_gradient(self, latents: np.ndarray, decoded: np.ndarray, quality: float) -> np.ndarray:
        """In which direction decoded latents make other latents' bits fewer, in steps."""


class Description(Protocol):
    """What a kind reads of a bundle's manifest (`tfcomp.runtime.manifest.Manifest`)."""

    @property
    def channels(self) -> int: ...

    @property
    def qualities(self) -> int: ...

    @property
    def entropy(self) -> Mapping[str, Any]: ...

    @property
    def distortion_weights(self) -> tuple[float, ...]: ...


class BundleParts(Protocol):
    """What a relaxed form takes from a bundle (`tfcomp.runtime.bundle.Bundle`)."""

    @property
    def manifest(self) -> Description: ...

    @property
    def tables(self) -> Tables: ...

    @property
    def entropy(self) -> bytes | None: ...

    @property
    def source(self) -> str: ...


class EntropyKind:
    """One kind of entropy model.

    Attributes:
      name: in manifests and configs, and of its folder.
      section_names: the sections of a file, in their order; each has tables of that name.
      has_networks: whether bundles have an entropy.tflite.
      layout_is_hashed: whether a bundle's fingerprint covers the manifest's "entropy" object. It
        must where that object says how sections are read.
      rounds: whether the encoder network rounds latents; else the coder does.
      latent_units: units of a decoded latent in one quantisation step.
      has_relaxed_form: whether it is differentiable, for --refine.
      takes_feedback: whether encoders may search for better latents in rounds of feedback.
    """

    name: str
    section_names: tuple[str, ...] = ("latents",)
    has_networks = False
    layout_is_hashed = True
    rounds = True
    latent_units = 1
    has_relaxed_form = False
    takes_feedback = False

    def layout(self, entropy: Mapping[str, Any], about: Description) -> Any:
        """What a bundle fixes about its sections, from its manifest's "entropy" object, checked.

        Raises:
          BundleError: it is not sound.
        """
        raise NotImplementedError

    def layout_to_json(self, layout: Any) -> dict[str, Any]:
        """The entries of the manifest's "entropy" object that `layout` reads."""
        return {} if layout is None else layout.to_manifest()

    def distortion_weights(self, layout: Any) -> tuple[float, ...]:
        """What its encoder quantises with, one number a quality; no decoder needs them."""
        return ()

    def check_tables(self, tables: Tables, about: Description) -> None:
        """Raises BundleError unless a bundle has as many tables as its manifest asks for."""
        raise NotImplementedError

    def open_coder(
        self, tables: Tables, about: Description, networks: OpenNetworks
    ) -> EntropyCoder:
        """The coder of a bundle, given its manifest; `networks` is used where `has_networks`."""
        raise NotImplementedError

    def fingerprinted(self, entropy: Mapping[str, Any]) -> bytes:
        """What of the manifest's "entropy" object a fingerprint covers."""
        if not self.layout_is_hashed:
            return b""
        return json.dumps(entropy, sort_keys=True, separators=(",", ":")).encode("ascii")

    # These modules need TensorFlow, and are imported when first used.

    @property
    def prior(self) -> ModuleType:
        """The trained model: `make(model_config)` gives the Keras layer, a `Prior`."""
        return self._part("prior")

    @property
    def graph(self) -> ModuleType:
        """The module for exports, in stock TensorFlow operations.

        `networks(prior, half)` is a tf.Module with the `functions` of entropy.tflite, and
        `fits_float16`; None without one. `build(prior, tables, qualities, half)` is the
        `GraphEntropy` of a SavedModel.
        """
        return self._part("graph")

    @property
    def relaxed(self) -> ModuleType:
        """The module for searches by gradient descent, where `has_relaxed_form`.

        `make(bundle, quality)` gives what has `variables(latents)`, where descent starts, and
        `relax(variables, temperature, seed)`, the decoder's input and the bits.
        """
        return self._part("relaxed")

    def _part(self, part: str) -> ModuleType:
        return importlib.import_module(f"{__package__}.{self.name}.{part}")


def check_count(tables: CdfTables, wanted: int) -> None:
    """Raises BundleError unless there are `wanted` tables."""
    if tables.count != wanted:
        raise BundleError(
            f"tables.npz has {tables.count} tables where the manifest asks for {wanted}; "
            "export the bundle again"
        )

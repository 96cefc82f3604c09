"""A bundle's codec with what a search for better latents needs.

    gains and distortion weights    how far to go (encoder.json)
    decoder's gradient              by which latents lower the error (gradient.tflite)
    coder's gradient                by which latents lower the bits of others (entropy.tflite)
"""

from __future__ import annotations

from typing import Any, cast

from tfcomp.entropy_kinds.base import SearchableCoder
from tfcomp.errors import ConfigError
from tfcomp.latent_search.decoder_gradient import DecoderGradient
from tfcomp.latent_search.rounds import Gains
from tfcomp.runtime.bundle import Bundle
from tfcomp.runtime.codec import BundleCodec
from tfcomp.runtime.options import whole_number


class SearchableCodec(BundleCodec):
    """One bundle's codec, for searches.

    Attributes:
      gradient: the decoder's; None where the bundle has none.
    """

    def __init__(self, bundle: Bundle, num_threads: int | None = None) -> None:
        super().__init__(bundle, num_threads)
        self.gradient: DecoderGradient | None = None
        if bundle.gradient is not None:
            network = self._model(bundle.gradient, "gradient.tflite")
            manifest = bundle.manifest
            self.gradient = DecoderGradient(network, manifest)

    def checked_feedback(self, rounds: int) -> int:
        """The rounds of feedback.

        Raises:
          ConfigError: they are below 0, or the model has no gains for them.
        """
        rounds = whole_number("feedback", rounds)
        if rounds < 0:
            raise ConfigError(f"feedback takes 0 rounds or more, not {rounds}")
        if rounds and not self.bundle.tuning.has_rounds:
            name = self.bundle.manifest.name
            raise ConfigError(f"model '{name}' has no gains for feedback; leave feedback out")
        return rounds

    def gains(self, quality: float) -> Gains:
        """How far rounds go at a quality."""
        tuning = self.bundle.tuning.at(quality)
        return Gains(*(tuning.get(f"{name}_gains", 0.0) for name in Gains._fields))

    def feedback_choices(self, quality: float) -> dict[str, Any]:
        """The options of `pack_latents` for latents that rounds have found."""
        tuning = self.bundle.tuning.at(quality)
        if "distortion_weights" not in tuning:
            return {}
        return {"distortion_weight": tuning["distortion_weights"]}

    @property
    def searchable_coder(self) -> SearchableCoder:
        """What writes sections, of a kind that takes feedback."""
        assert self.bundle.manifest.kind.takes_feedback, "its kind takes no rounds"
        return cast(SearchableCoder, self.writing_coder)

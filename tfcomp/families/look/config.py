"""A look: the model whose files it shows, its own decoder, and the loss of that."""

from __future__ import annotations

import dataclasses
from typing import Optional, Tuple

from tfcomp.config.checks import require
from tfcomp.families.cycle.config import CycleModelConfig
from tfcomp.image_spec import ImageSpec


@dataclasses.dataclass(frozen=True)
class LookModelConfig:
    """Both models.

    Attributes:
      family: "look".
      name: of the look, as `tfcomp decompress --look` takes it.
      of: the trained model: a run folder, or a model that holds its weights.
      base: its section `model`.
      decoder: the same of the decoder that is trained. Latents are the base's, so strides may be
        divided otherwise, but not be others in all; what it says of encoders and of entropy models
        has no effect.
    """

    family: str = "look"
    name: str = "natural"
    of: str = "cycle"
    base: CycleModelConfig = CycleModelConfig()
    decoder: CycleModelConfig = CycleModelConfig()

    def __post_init__(self) -> None:
        require(self.family == "look", f"this is no '{self.family}' model")
        require(
            self.name != "faithful" and self.name.replace("-", "").isalnum(),
            f"a look can't be named '{self.name}'",
        )
        for part in ("stride", "channels", "qualities", "quality_steps", "image"):
            require(
                getattr(self.base, part) == getattr(self.decoder, part),
                f"base and decoder need the same {part}",
            )

    @property
    def qualities(self) -> int:
        """Number of quality levels."""
        return self.base.qualities

    @property
    def default_quality(self) -> int:
        """The base's."""
        return self.base.default_quality

    @property
    def prior(self) -> str:
        """The base's."""
        return self.base.prior

    @property
    def image(self) -> ImageSpec:
        """What pictures are."""
        return self.base.image

    @property
    def stride(self) -> int:
        """Image pixels per latent element along one side."""
        return self.base.stride

    @property
    def channels(self) -> int:
        """Channels of the latents."""
        return self.base.channels

    @property
    def fixed_size(self) -> Optional[Tuple[int, int]]:
        """(width, height) of all images, None where any size goes."""
        return None

    @property
    def reach(self) -> int:
        """How many latent elements to each side an output of either network can depend on."""
        return max(self.base.reach, self.decoder_reach)

    @property
    def decoder_reach(self) -> int:
        """The same of the look's decoder."""
        return self.decoder.decoder_reach


@dataclasses.dataclass(frozen=True)
class LookLossConfig:
    """Weights of the loss terms.

    Attributes:
      mse_weight: of lambda times the squared error, which keeps it near the picture.
      lpips_weight: of LPIPS with the AlexNet backbone (tfcomp/families/look/perceptual.py).
      quality_weight_power: lambda times the squared error is divided by lambda ** power, so that no
        quality drowns the others.
    """

    mse_weight: float = 1.0
    lpips_weight: float = 1.0
    quality_weight_power: float = 0.5

    def __post_init__(self) -> None:
        for name in ("mse_weight", "lpips_weight"):
            require(getattr(self, name) >= 0, f"{name} can't be negative")

"""Post-filters for decoded pictures: scikit-image's, and one small learned network.

Every filter but `learned` has one strength, chosen for each codec and rate as that of the best mean
PSNR on training pictures (`best_strength`); see `enhancement_comparison`.
"""

from __future__ import annotations

import dataclasses
import importlib.util
from typing import Callable, List, Optional, Sequence, Tuple

import numpy as np

from tfcomp.errors import CodecError, ConfigError
from tfcomp.evaluation.learned_filter import LearnedFilter
from tfcomp.evaluation.metrics import psnr

_CLEARLY_WORSE = 0.1  # dB; weak filters may change nothing before stronger ones help


@dataclasses.dataclass(frozen=True)
class PostFilter:
    """A filter for decoded pictures.

    Attributes:
      name: how tables and `--enhance` name it.
      description: what runs, and what its strength is.
      strengths: to choose from, weakest first; empty if the filter has none.
      function: (uint8 [H, W, 3], strength or None) -> the same, filtered.
    """

    name: str
    description: str
    strengths: Tuple[float, ...]
    function: Callable[[np.ndarray, Optional[float]], np.ndarray]

    def __call__(self, picture: np.ndarray, strength: Optional[float] = None) -> np.ndarray:
        filtered = self.function(picture, strength)
        if filtered.shape != picture.shape or filtered.dtype != np.uint8:
            raise CodecError(f"the filter {self.name} gives {filtered.dtype} {filtered.shape}")
        return filtered


def best_strength(
    post_filter: PostFilter, pairs: Sequence[Tuple[np.ndarray, np.ndarray]]
) -> Optional[float]:
    """The strength with the highest mean PSNR over (original, decoded) training pictures.

    None if the filter has no strength. Tried from weak to strong, until one is clearly worse.
    """
    best, chosen = -np.inf, None
    for strength in post_filter.strengths:
        mean = float(np.mean([psnr(o, post_filter(d, strength)) for o, d in pairs]))
        if mean < best - _CLEARLY_WORSE:
            break
        if mean > best:
            best, chosen = mean, strength
    return chosen


def chosen_filters(names: Sequence[str]) -> List[PostFilter]:
    """The filters of these names in their order, after `none`.

    Raises:
      CodecError: there is no such filter, scikit-image or the learned network is not installed.
    """
    for name in names:
        if name not in FILTERS:
            raise ConfigError(f"unknown filter '{name}': choose of {', '.join(FILTERS)}")
    if any(name not in ("none", "learned") for name in names) and not _has_scikit_image():
        raise CodecError("these filters are scikit-image's; run: pip install scikit-image")
    if "learned" in names:
        LearnedFilter.installed()
    return [FILTERS[name] for name in dict.fromkeys(["none", *names])]


def _has_scikit_image() -> bool:
    return importlib.util.find_spec("skimage") is not None


def _unchanged(picture: np.ndarray, _: Optional[float]) -> np.ndarray:
    return picture


def _non_local_means(picture: np.ndarray, strength: Optional[float]) -> np.ndarray:
    from skimage.restoration import denoise_nl_means

    return _pixels(
        denoise_nl_means(
            _unit(picture),
            h=_grey_levels(strength),
            patch_size=5,
            patch_distance=6,
            fast_mode=True,
            channel_axis=2,
        )
    )


def _bilateral(picture: np.ndarray, strength: Optional[float]) -> np.ndarray:
    from skimage.restoration import denoise_bilateral

    return _pixels(
        denoise_bilateral(
            _unit(picture), sigma_color=_grey_levels(strength), sigma_spatial=1, channel_axis=2
        )
    )


def _total_variation(picture: np.ndarray, strength: Optional[float]) -> np.ndarray:
    from skimage.restoration import denoise_tv_chambolle

    return _pixels(
        denoise_tv_chambolle(_unit(picture), weight=_grey_levels(strength), channel_axis=2)
    )


def _unsharp_mask(picture: np.ndarray, strength: Optional[float]) -> np.ndarray:
    from skimage.filters import unsharp_mask

    # The axis by its number: scikit-image 0.26 leaves the result unset for channel_axis=-1.
    return _pixels(unsharp_mask(_unit(picture), radius=1, amount=strength, channel_axis=2))


def _learned(picture: np.ndarray, _: Optional[float]) -> np.ndarray:
    return LearnedFilter.installed().run(picture)


def _grey_levels(strength: Optional[float]) -> float:
    assert strength is not None  # these filters all have strengths
    return strength / 255


def _unit(picture: np.ndarray) -> np.ndarray:
    return picture.astype(np.float32) / 255


def _pixels(picture: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)


FILTERS = {
    each.name: each
    for each in (
        PostFilter("none", "the picture as it was decoded", (), _unchanged),
        PostFilter(
            "nlm",
            "restoration.denoise_nl_means, patches of 5 within 6 pixels; h in grey levels",
            (0.5, 1, 1.5, 2, 3, 4, 6, 8, 11, 15, 20),
            _non_local_means,
        ),
        PostFilter(
            "bilateral",
            "restoration.denoise_bilateral, sigma_spatial 1; sigma_color in grey levels",
            (1, 2, 3, 4, 6, 9, 13, 18, 25),
            _bilateral,
        ),
        PostFilter(
            "tv",
            "restoration.denoise_tv_chambolle; weight in grey levels",
            (0.25, 0.5, 1, 1.5, 2, 3, 4, 6, 8, 12),
            _total_variation,
        ),
        PostFilter(
            "unsharp",
            "filters.unsharp_mask, radius 1; amount",
            (0.02, 0.05, 0.1, 0.2, 0.3, 0.5),
            _unsharp_mask,
        ),
        PostFilter("learned", "the network of tfcomp/evaluation/post_filters", (), _learned),
    )
}

"""The relaxed latents of a bundle: what descent moves, in the form of its kind of entropy model."""

from __future__ import annotations

from typing import Any

from tfcomp.errors import CodecError
from tfcomp.runtime.bundle import Bundle


def relaxed_latents(bundle: Bundle, quality: int) -> Any:
    """The ones that fit a bundle: `relaxed.make` of its kind.

    Raises:
      CodecError: its kind has none.
    """
    manifest = bundle.manifest
    if not manifest.kind.has_relaxed_form:
        raise CodecError(
            f"model '{manifest.name}' has '{manifest.kind.name}' entropy coding, which cannot be "
            "refined through; leave refinement out, or use another model"
        )
    make = manifest.kind.relaxed.make
    return make(bundle.tables, manifest, bundle.entropy, quality, bundle.source)

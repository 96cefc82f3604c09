"""The old name of `tfcomp.pillow`, for a release: importing it registers the plugin."""

from tfcomp.pillow import (  # noqa: F401
    FORMAT,
    TfcompImageFile,
    TfcompOpenError,
    TfcompSaveError,
    register,
)

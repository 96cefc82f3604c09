"""Classical codecs, through Pillow and its plugins, with their settings.

All of them run on one thread, so that speeds can be compared.
"""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import importlib.metadata
import io
import warnings
from typing import Any, Dict, Optional, Tuple

import numpy as np
from PIL import Image, features

# Pillow's name of a library -> the library's own.
_LIBRARIES = {"jpg": "libjpeg", "webp": "libwebp", "avif": "libavif", "jpg_2000": "OpenJPEG"}


@dataclasses.dataclass(frozen=True)
class ClassicalCodec:
    """A codec of Pillow or of one of its plugins.

    Attributes:
      name: how tables name it.
      format: Pillow's name of the file format.
      settings: what is passed to `Image.save` besides the quality.
      qualities: the quality settings that make its rate-distortion curve, small files first.
      highest: the largest quality setting there is; 1 is the lowest.
      library: Pillow's name of the library that does the work, for its version.
      plugin: the module that adds the format to Pillow, if Pillow lacks it.
      package: what to install if the codec is missing.
      quality_meaning: what the quality number means, if it is not the format's own.
    """

    name: str
    format: str
    settings: Dict[str, Any]
    qualities: Tuple[int, ...]
    highest: int = 100
    library: Optional[str] = None
    plugin: Optional[str] = None
    package: str = "Pillow"
    quality_meaning: str = ""

    def encode(self, image: np.ndarray, quality: int) -> bytes:
        """uint8 [H, W, 3] -> the whole file's bytes."""
        buffer = io.BytesIO()
        options = {**self.settings, **self._quality_options(quality)}
        Image.fromarray(image).save(buffer, self.format, **options)
        return buffer.getvalue()

    def decode(self, data: bytes) -> np.ndarray:
        """The file's bytes -> uint8 [H, W, 3]."""
        with Image.open(io.BytesIO(data), formats=[self.format]) as image:
            return np.asarray(image.convert("RGB"))

    def missing(self) -> Optional[str]:
        """None if the codec works here, else a line that says what to install."""
        if self._loaded():
            return None
        return f"{self.name}: not installed (pip install {self.package})"

    def describe(self) -> str:
        """One line: library and version, settings, qualities."""
        settings = ", ".join(f"{key}={value}" for key, value in self.settings.items())
        ends = f"quality {self.qualities[0]}..{self.qualities[-1]}"
        meaning = f" ({self.quality_meaning})" if self.quality_meaning else ""
        return f"{self._version()}, {settings}, {ends}{meaning}"

    def _quality_options(self, quality: int) -> dict[str, Any]:
        return {"quality": quality}

    def _loaded(self) -> bool:
        Image.init()
        if self.format not in Image.SAVE and self.plugin:
            try:
                importlib.import_module(self.plugin)
            except ImportError:
                return False
        built_in = self.library is None or self.plugin or features.check(self.library)
        return self.format in Image.SAVE and bool(built_in)

    def _version(self) -> str:
        pillow = f"Pillow {Image.__version__}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an older Pillow does not know every name
            version = features.version(self.library) if self.library else None
            turbo = features.version("libjpeg_turbo") if self.library == "jpg" else None
        if turbo:
            return f"{pillow} (libjpeg-turbo {turbo})"
        if version:
            return f"{pillow} ({_LIBRARIES[str(self.library)]} {version})"
        if self.plugin:
            return f"{pillow}, {self.package} {importlib.metadata.version(self.package)}"
        return pillow


@dataclasses.dataclass(frozen=True)
class Avif(ClassicalCodec):
    """AVIF by libaom, whose tune is the metric that it optimises.

    Attributes:
      tune: of `AVIF_TUNES`; the library's own choice if None, which depends on its version: libavif
        1.4 takes "iq" where older ones took "ssim". The description says which it was.
    """

    tune: Optional[str] = None

    def missing(self) -> Optional[str]:
        """See `ClassicalCodec.missing`; an encoder that lacks the tune is missing too."""
        line = super().missing()
        if line is None and self.tune is not None and _probe_file(self) is None:
            line = (
                f"{self.name}: this AVIF encoder does not take tune={self.tune} "
                "(pip install --upgrade Pillow)"
            )
        return line

    def describe(self) -> str:
        """See `ClassicalCodec.describe`; names the tune too."""
        return f"{super().describe()}, {self._tune_in_words()}"

    def _quality_options(self, quality: int) -> dict[str, Any]:
        options = super()._quality_options(quality)
        return {**options, "advanced": {"tune": self.tune}} if self.tune else options

    def _tune_in_words(self) -> str:
        if self.tune is not None:
            return f"tune={self.tune}"
        mine = _probe_file(self)
        for tune in AVIF_TUNES:  # the library does not say, but equal tunes make equal files
            if _probe_file(dataclasses.replace(self, tune=tune)) == mine is not None:
                return f"tune={tune} (the library's default)"
        return "tune not known (the library's default)"

    def _version(self) -> str:
        with contextlib.suppress(ImportError, AttributeError):
            versions = importlib.import_module("PIL._avif").codec_versions()
            encoders = [v.strip() for v in versions.split(",") if "[enc" in v]
            return f"{super()._version()}, encoder {', '.join(encoders)}"
        return super()._version()


def _probe_file(codec: Avif) -> Optional[bytes]:
    """The file of a small picture; None if the encoder refuses the settings."""
    rows, columns = np.mgrid[:48, :64]
    waves = np.stack([rows * columns, rows * rows + 3 * columns, 5 * columns], -1)
    try:
        return codec.encode((127.5 + 127.5 * np.sin(waves / 40)).astype(np.uint8), 50)
    except (ValueError, OSError, RuntimeError):
        return None


class Jpeg2000(ClassicalCodec):
    """JPEG 2000, with the rate of the whole file, in hundredths of bits/pixel, for the quality."""

    def _quality_options(self, quality: int) -> dict[str, Any]:
        # Pillow takes the compression ratio to 24 bits/pixel.
        return {"quality_layers": [2400 / quality]}


JPEG = ClassicalCodec(
    "jpeg",
    "JPEG",
    {"subsampling": "4:2:0", "optimize": True},
    (5, 8, 13, 20, 32, 50, 68, 80, 88, 93, 96),
    library="jpg",
)
WEBP = ClassicalCodec(
    "webp", "WEBP", {"method": 6}, (1, 5, 12, 25, 42, 60, 75, 84, 91, 95, 98), library="webp"
)
# All tunes of libaom, its defaults first.
AVIF_TUNES = ("iq", "ssim", "psnr", "ssimulacra2")
AVIF = Avif(
    "avif",
    "AVIF",
    {"subsampling": "4:2:0", "speed": 6, "max_threads": 1},
    (6, 14, 24, 34, 44, 54, 64, 74, 84, 93),
    library="avif",
    plugin="pillow_avif",
    package="pillow-avif-plugin",
)
# The encoder by name: the tune is libaom's.
AVIF_PSNR = dataclasses.replace(
    AVIF,
    name="avif-psnr",
    settings={"subsampling": "4:2:0", "speed": 6, "max_threads": 1, "codec": "aom"},
    tune="psnr",
)
AVIF444 = dataclasses.replace(
    AVIF,
    name="avif444",
    settings={"subsampling": "4:4:4", "speed": 4, "max_threads": 1},
    qualities=(8, 20, 32, 43, 54, 64, 74, 84),
)
JPEG2000 = Jpeg2000(
    "jpeg2000",
    "JPEG2000",
    {"quality_mode": "rates", "irreversible": True, "mct": 1},
    (8, 14, 24, 38, 58, 86, 128, 190, 280),
    library="jpg_2000",
    highest=2400,
    quality_meaning="hundredths of bits/pixel asked for",
)
JXL = ClassicalCodec(
    "jxl",
    "JXL",
    {"effort": 7, "num_threads": 0},  # 0: on the calling thread
    # Up to 18 libjxl halves the image first, and 19 then takes fewer bytes than 12 to 18 do.
    (5, 19, 24, 31, 42, 54, 66, 77, 85, 91, 95),
    plugin="pillow_jxl",
    package="pillow-jxl-plugin",
)
CODECS = {codec.name: codec for codec in (JPEG, WEBP, AVIF, AVIF_PSNR, AVIF444, JPEG2000, JXL)}


def decode_on_one_thread() -> None:
    """Limits this process's decoders, which have no option for it, to one thread."""
    for module, name, value in (
        ("PIL.AvifImagePlugin", "DEFAULT_MAX_THREADS", 1),
        ("pillow_avif.AvifImagePlugin", "DEFAULT_MAX_THREADS", 1),
        ("pillow_jxl.JpegXLImagePlugin", "DECODE_THREADS", 0),
    ):
        try:
            setattr(importlib.import_module(module), name, value)
        except ImportError:
            continue

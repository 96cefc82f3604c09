"""What comes back of two dozen kinds of picture files, beside Pillow's AVIF and WebP.

    python -m lab.picture_kinds [--out FILE]

Each file is made of one photograph, so what a viewer should show is known. It goes through
`tfcomp compress` and `tfcomp decompress`, and through `Image.open(file).save(...)` with Pillow's
own AVIF and WebP, which are given the file's profile, Exif and XMP as options; without them they
keep the profile (AVIF) or nothing (WebP). The result is shown as a viewer shows it: upright, its
profile applied, on white. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

import tfcomp
from tfcomp.evaluation.metrics import psnr
from tfcomp.images.saving import encode_picture

_MAKE, _ORIENTATION = 0x010F, 0x0112
_XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">%s</x:xmpmeta>'
# Colourants of Display P3 under D50, in the order of XYZ.
_P3 = {
    b"rXYZ": (0.51512, 0.24120, -0.00105),
    b"gXYZ": (0.29198, 0.69225, 0.04189),
    b"bXYZ": (0.15710, 0.06657, 0.78407),
}
_SAME = 24.0  # dB: below it a picture is another one
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


@dataclass(frozen=True)
class Kind:
    """One file.

    Attributes:
      name: what it is, in words.
      content: its bytes.
      shown: uint8 [H, W, 3], what a viewer shows on white, in sRGB.
      alpha: uint8 [H, W], upright, or None.
      has: of "ICC", "Exif" and "XMP", what its file has.
      grey: whether it has one channel of colour.
    """

    name: str
    content: bytes
    shown: np.ndarray
    alpha: np.ndarray | None = None
    has: tuple[str, ...] = ()
    grey: bool = False


def kinds(photo: np.ndarray) -> Iterator[Kind]:
    """Files of one photograph, uint8 [H, W, 3]."""
    image = Image.fromarray(photo)
    yield Kind("PNG, RGB", _saved(image), photo)
    yield Kind("JPEG, Exif, sRGB profile", _jpeg(image, icc_profile=_SRGB, exif=_exif()), photo,
               has=("ICC", "Exif"))  # fmt: skip
    wide = ImageCms.profileToProfile(
        image, ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(_p3()))
    )
    yield Kind("JPEG, Display P3", _jpeg(wide, icc_profile=_p3()), photo, has=("ICC",))
    yield from _turned(image, photo)
    yield from _transparent(photo)
    yield from _grey(photo)
    yield from _others(image, photo)


def _turned(image: Image.Image, photo: np.ndarray) -> Iterator[Kind]:
    for orientation, turns in ((3, 2), (6, 1)):
        turned = Image.fromarray(np.rot90(photo, turns))
        content = _jpeg(turned, exif=_exif(orientation))
        yield Kind(f"JPEG, Exif orientation {orientation}", content, photo, has=("Exif",))
    sideways = Image.fromarray(np.rot90(photo, 1))
    words = _XMP % b"<tiff:Orientation>6</tiff:Orientation>"
    yield Kind("JPEG, XMP with orientation 6", _jpeg(sideways, xmp=words), photo, has=("XMP",))
    words = _XMP % b"words"
    yield Kind(
        "PNG, Exif orientation 6, XMP",
        _saved(sideways, exif=_exif(6), pnginfo=_png_xmp(words)),
        photo,
        has=("Exif", "XMP"),
    )


def _transparent(photo: np.ndarray) -> Iterator[Kind]:
    height, width, _ = photo.shape
    distance = np.hypot(*np.mgrid[-height / 2 : height / 2, -width / 2 : width / 2])
    soft = (255 * (height / 2.2 - distance).clip(0, 8) / 8).astype(np.uint8)
    mask = (soft > 127).astype(np.uint8) * 255
    noise = np.random.default_rng(0).integers(0, 256, photo.shape, dtype=np.uint8)
    dirty = np.where(soft[..., None] > 0, photo, noise)
    yield Kind(
        "PNG, RGBA, noise under alpha 0",
        _saved(Image.fromarray(np.dstack([dirty, soft]))),
        _on_white(photo, soft),
        soft,
    )
    yield Kind(
        "WebP, RGBA, sRGB profile, Exif, XMP",
        _saved(
            Image.fromarray(np.dstack([photo, soft])),
            "WEBP",
            lossless=True,
            icc_profile=_SRGB,
            exif=_exif(),
            xmp=_XMP % b"words",
        ),
        _on_white(photo, soft),
        soft,
        has=("ICC", "Exif", "XMP"),
    )
    full = np.full_like(mask, 255)
    yield Kind("PNG, RGBA, all opaque", _saved(Image.fromarray(np.dstack([photo, full]))), photo)
    grey = np.asarray(Image.fromarray(photo).convert("L"))
    yield Kind(
        "PNG, grey and alpha",
        _saved(Image.fromarray(np.dstack([grey, soft]))),
        _on_white(np.dstack([grey] * 3), soft),
        soft,
        grey=True,
    )
    palette = Image.fromarray(photo).quantize(255, dither=Image.Dither.NONE)
    flat = np.asarray(palette.convert("RGB"))
    yield Kind("PNG, palette", _saved(palette), flat)
    indices = np.where(mask > 0, np.asarray(palette), 255).astype(np.uint8)
    cut = Image.fromarray(indices).convert("L")
    cut = Image.frombytes("P", cut.size, cut.tobytes())
    cut.putpalette([*(palette.getpalette() or [])[:765], 1, 2, 3])
    for kind in ("PNG", "GIF"):
        content = _saved(cut, kind, transparency=255)
        name = f"{kind}, palette with a transparent colour"
        yield Kind(name, content, _on_white(flat, mask), mask)
    key = np.where(mask[..., None] > 0, np.maximum(photo, 1), 0).astype(np.uint8)
    content = _saved(Image.fromarray(key), transparency=(0, 0, 0))
    yield Kind("PNG, RGB with a transparent colour", content, _on_white(photo, mask), mask)


def _grey(photo: np.ndarray) -> Iterator[Kind]:
    grey = np.asarray(Image.fromarray(photo).convert("L"))
    shown = np.dstack([grey] * 3)
    image = Image.fromarray(grey)
    yield Kind("JPEG, grey", _jpeg(image), shown, grey=True)
    yield Kind("PNG, grey, grey profile", _saved(image, icc_profile=_grey_profile()), shown,
               has=("ICC",), grey=True)  # fmt: skip
    line = image.point(lambda level: 255 if level > 127 else 0).convert("1")
    black_white = np.asarray(line.convert("RGB"))
    yield Kind("PNG, 1 bit", _saved(line), black_white, grey=True)
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    yield Kind("PNG, grey of 16 bits", _saved(deep), shown, grey=True)
    floats = Image.fromarray(grey.astype(np.float32) / 255)
    yield Kind("TIFF, grey of floats", _saved(floats, "TIFF"), shown, grey=True)


def _others(image: Image.Image, photo: np.ndarray) -> Iterator[Kind]:
    yield Kind("PNG, RGB of 16 bits", _png_16(photo), photo)
    cmyk = image.convert("CMYK")
    yield Kind("JPEG, CMYK", _jpeg(cmyk), np.asarray(cmyk.convert("RGB")))
    lab_profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    lab = ImageCms.profileToProfile(
        image, ImageCms.createProfile("sRGB"), lab_profile, outputMode="LAB"
    )
    content = _saved(lab, "TIFF", icc_profile=lab_profile.tobytes())
    yield Kind("TIFF, L*a*b*", content, photo)
    yield Kind("TIFF, Exif, sRGB profile", _saved(image, "TIFF", exif=_exif(), icc_profile=_SRGB),
               photo, has=("ICC", "Exif"))  # fmt: skip


# Codecs: the bytes of a file -> an image that a viewer opens


def through_tfcomp(content: bytes) -> Image.Image:
    """`tfcomp compress` and `tfcomp decompress` to PNG."""
    png, _ = encode_picture(tfcomp.read(tfcomp.compress(content, 7)), "PNG", "x.png")
    return Image.open(io.BytesIO(png))


def through_pillow(kind: str) -> Callable[[bytes], Image.Image]:
    """Pillow's own way: opened, and saved as another format with all options for metadata."""

    def save(content: bytes) -> Image.Image:
        stream, image = io.BytesIO(), Image.open(io.BytesIO(content))
        image.load()
        options = {
            "icc_profile": image.info.get("icc_profile"),
            "exif": image.info.get("exif"),
            "xmp": image.info.get("xmp"),
        }
        if image.format == "TIFF":
            options["exif"] = image.getexif()
        given = {name: content for name, content in options.items() if content}
        image.save(stream, kind, quality=90, **given)
        return Image.open(stream)

    return save


def table(photo: np.ndarray) -> str:
    """The Markdown table of all kinds."""
    codecs = {
        "tfcomp": through_tfcomp,
        "Pillow's AVIF": through_pillow("AVIF"),
        "Pillow's WebP": through_pillow("WEBP"),
    }
    lines = [f"| file | {' | '.join(codecs)} |", "| --- |" + " --- |" * len(codecs)]
    for kind in kinds(photo):
        cells = [_cell(kind, codec) for codec in codecs.values()]
        lines.append(f"| {kind.name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(kind: Kind, codec: Callable[[bytes], Image.Image]) -> str:
    try:
        image = codec(kind.content)
        image.load()
    except Exception as error:  # noqa: BLE001
        return f"**refused** ({type(error).__name__})"
    said = [_form(image, kind), *_metadata(image, kind)]
    said += _faults(image, kind)
    return ", ".join(said)


def _form(image: Image.Image, kind: Kind) -> str:
    grey = image.mode in ("L", "LA", "1")
    word = "grey" if grey else "RGB"
    if kind.grey and not grey:
        word = "**RGB**"
    return word


def _metadata(image: Image.Image, kind: Kind) -> Iterator[str]:
    there = {
        "ICC": bool(image.info.get("icc_profile")),
        "Exif": image.getexif().get(_MAKE) == "a camera",
        "XMP": bool(image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")),
    }
    for name in kind.has:
        yield name if there[name] else f"**no {name}**"


def _faults(image: Image.Image, kind: Kind) -> Iterator[str]:
    upright = ImageOps.exif_transpose(image)
    rgba = np.asarray(upright.convert("RGBA"))
    alpha = rgba[:, :, 3]
    if kind.alpha is not None:
        if alpha.shape == kind.alpha.shape and np.array_equal(alpha, kind.alpha):
            yield "alpha"
        else:
            near = alpha.shape == kind.alpha.shape and psnr(alpha, kind.alpha) > _SAME
            yield "alpha nearly" if near else "**no alpha**"
    shown = _on_white(_in_srgb(upright), alpha)
    if shown.shape != kind.shown.shape:
        yield "**lies on its side**"
    elif psnr(shown, kind.shown) < _SAME:
        flipped = psnr(np.rot90(shown, 2), kind.shown) >= _SAME
        decibels = psnr(shown, kind.shown)
        yield "**upside down**" if flipped else f"**another picture** ({decibels:.0f} dB)"


def _in_srgb(image: Image.Image) -> np.ndarray:
    """uint8 [H, W, 3] with the profile applied, as a viewer does."""
    profile = image.info.get("icc_profile")
    colours = image.convert("L" if image.mode in ("L", "LA") else "RGB")
    if profile:
        with contextlib.suppress(ImageCms.PyCMSError):
            opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            shown = ImageCms.profileToProfile(colours, opened, target, outputMode="RGB")
            return np.asarray(shown)
    return np.asarray(colours.convert("RGB"))


def _on_white(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    share = alpha[..., None] / 255.0
    return np.rint(colours * share + 255 * (1 - share)).astype(np.uint8)


# Files


def _saved(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def _jpeg(image: Image.Image, **options) -> bytes:
    return _saved(image, "JPEG", quality=97, **options)


def _exif(orientation: int = 1) -> Image.Exif:
    exif = Image.Exif()
    exif[_MAKE], exif[_ORIENTATION] = "a camera", orientation
    return exif


def _png_xmp(xmp: bytes) -> PngImagePlugin.PngInfo:
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", xmp.decode())
    return text


def _png_16(photo: np.ndarray) -> bytes:
    """A PNG of 16 bits a sample, which Pillow does not write."""
    height, width, _ = photo.shape
    rows = (photo.astype(">u2") * 257).reshape(height, -1)
    body = b"".join(b"\0" + row.astype(">u2").tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(body)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
        for name, content in chunks
    )


def _p3() -> bytes:
    """The sRGB profile with the colourants of Display P3, whose curve is sRGB's."""
    profile = bytearray(_SRGB)
    for name, numbers in _P3.items():
        entry = profile.index(name)
        (offset,) = struct.unpack_from(">I", profile, entry + 4)
        struct.pack_into(">3i", profile, offset + 8, *(round(65536 * each) for each in numbers))
    return bytes(profile)


def _grey_profile() -> bytes:
    """A profile of one channel with sRGB's curve."""
    entry = _SRGB.index(b"rTRC")
    offset, length = struct.unpack_from(">II", _SRGB, entry + 4)
    white_entry = _SRGB.index(b"wtpt")
    white_offset, white_length = struct.unpack_from(">II", _SRGB, white_entry + 4)
    curve = _SRGB[offset : offset + length]
    white = _SRGB[white_offset : white_offset + white_length]
    start = 128 + 4 + 2 * 12
    tags = struct.pack(">I", 2) + b"wtpt" + struct.pack(">II", start, len(white))
    tags += b"kTRC" + struct.pack(">II", start + len(white), len(curve))
    header = bytearray(_SRGB[:128])
    header[16:20] = b"GRAY"
    whole = bytes(header) + tags + white + curve
    return struct.pack(">I", len(whole)) + whole[4:]


def main() -> int:
    """Runs the study."""
    parser = argparse.ArgumentParser(
        prog="python -m lab.picture_kinds", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--out", type=Path, help="a file for the table, beside the screen")
    options = parser.parse_args()
    from tfcomp.data.sample_source import sample_images

    lines = table(sample_images("test")["chelsea"])
    if options.out:
        options.out.write_text(lines + "\n")
    print(lines)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

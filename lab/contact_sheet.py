"""Small pictures in rows and labelled columns, to be looked at side by side."""

from __future__ import annotations

from PIL import Image, ImageDraw

_GAP = 4
_LABEL_HEIGHT = 34


def contact_sheet(columns):
    """Draws one column for each way of coding and one row for each picture.

    Args:
      columns: list of (label of one or two lines, uint8 [N, H, W, 3]), all of one shape.

    Returns:
      a PIL image.
    """
    count, height, width = columns[0][1].shape[:3]
    size = (
        len(columns) * (width + _GAP) + _GAP,
        _LABEL_HEIGHT + count * (height + _GAP),
    )
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    for column, (label, pictures) in enumerate(columns):
        left = _GAP + column * (width + _GAP)
        draw.multiline_text((left, 3), label, fill="black")
        for row, picture in enumerate(pictures):
            sheet.paste(Image.fromarray(picture), (left, _LABEL_HEIGHT + row * (height + _GAP)))
    return sheet

"""Image files and Pillow's images as 8-bit RGB: one set of rules for training and for run time.

opening.py opens a file, of the formats that it lists and no other. conversion.py turns an
opened image into RGB: samples.py scales deep samples by the range that the file states,
transparency.py puts transparent pixels on a background, orientation.py turns the picture upright,
and metadata.py reports what is lost.
"""

"""Image files and Pillow's images as 8-bit pixels: one set of rules for training and for run time.

opening.py opens a file, of the formats that it lists and no other. conversion.py turns an opened
image into RGB, or keeps grey and alpha: samples.py scales deep samples by the range that the file
states, transparency.py finds alpha or puts pixels on a background, orientation.py turns the picture
upright, and metadata.py reports what is lost. kept_metadata.py takes over profile, Exif
(exif_bytes.py) and XMP (xmp_text.py).

alpha_png.py and hidden_colours.py are about alpha in a file; picture.py is what a file decodes to,
and saving.py writes that as an image file.
"""

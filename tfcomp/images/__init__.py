"""Image files and Pillow's images as 8-bit RGB: one set of rules for training and for run time.

opening.py opens a file, of the formats that it lists and no other. conversion.py makes RGB of what
was opened: samples.py scales deep samples by the range that the file states, transparency.py puts
what is transparent on a background, orientation.py turns the picture upright, and metadata.py says
what does not survive.
"""

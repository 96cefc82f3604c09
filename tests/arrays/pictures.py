"""The picture and the codec of these tests."""

import functools

import numpy as np
from skimage import data

import tfcomp

MODEL = "cycle-small"
QUALITY = 6


@functools.cache
def picture():
    """uint8 [160, 200, 3]: neither side is a multiple of the chunks' 64."""
    pixels = np.ascontiguousarray(data.astronaut()[:160, :200])
    pixels.setflags(write=False)
    return pixels


@functools.cache
def decoded_chunk(row, column):
    """What a chunk of 64x64 pixels of the picture decodes to, coded by itself."""
    codec = tfcomp.load(MODEL, num_threads=1)
    chunk = np.ascontiguousarray(picture()[row : row + 64, column : column + 64])
    assert chunk.shape == (64, 64, 3)
    return codec.decompress(codec.compress(chunk, QUALITY))


def near(one, other, decibels=28):
    error = np.mean(np.square(np.asarray(one, np.float64) - np.asarray(other, np.float64)))
    return error == 0 or 10 * np.log10(255**2 / error) >= decibels

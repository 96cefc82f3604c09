"""TensorFlow Compression's own range coder on frozen tables: the training world's coder.

The other coders of the same bytes: tfcomp/bitstream (C and Python), and
tfcomp/export/graph_range_encoder.py and graph_range_decoder.py (stock TensorFlow ops).
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf
import tensorflow_compression as tfc

from tfcomp.bitstream import range_coder
from tfcomp.bitstream.tables import CdfTables
from tfcomp.errors import BitstreamError


def encode_rows(values, index, tables: CdfTables):
    """Codes each row into one stream.

    Args:
      values: int32 [R, n].
      index: int32 [n], the table of each symbol.
      tables: the frozen tables.

    Returns:
      list of R bytes objects.
    """
    values = np.asarray(values, np.int32)
    index = np.broadcast_to(np.asarray(index, np.int32), values.shape)
    symbols = values - tables.cdf_offset[index]
    handle = tfc.create_range_encoder([len(values)], tf.constant(tables.cdf))
    handle = tfc.entropy_encode_index(handle, tf.constant(index), tf.constant(symbols, tf.int32))
    return list(tfc.entropy_encode_finalize(handle).numpy())


def decode_rows(streams, index, tables: CdfTables):
    """Inverse of `encode_rows`, for streams from a trusted place only.

    TFC's decoder does not end on some hostile streams: files from outside are to be decoded by
    tfcomp.bitstream.

    Returns:
      int32 [R, n].

    Raises:
      BitstreamError: TFC's sanity check failed.
    """
    index = np.broadcast_to(np.asarray(index, np.int32), (len(streams), np.shape(index)[-1]))
    handle = tfc.create_range_decoder(tf.constant(streams), tf.constant(tables.cdf))
    handle, symbols = tfc.entropy_decode_index(
        handle, tf.constant(index), index.shape[1:], tf.int32
    )
    if not np.all(tfc.entropy_decode_finalize(handle).numpy()):
        raise BitstreamError("the latents are damaged: compress the image again")
    return symbols.numpy() + tables.cdf_offset[index]


class CheckedCoder:
    """One stream at a time, as `hyperprior_sections` and `bit_sections` want it.

    TFC's decoder may not end on hostile bytes: `tfcomp.bitstream` reads them first.
    """

    @staticmethod
    def encode(values, index, tables):
        return encode_rows(values[None], index, tables)[0]

    @staticmethod
    def decode(data, index, tables):
        range_coder.decode(data, index, tables)
        return decode_rows([data], index, tables)[0]

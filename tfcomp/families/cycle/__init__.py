"""The cycle family: the decoder is the encoder's mirror image, kernel by kernel."""

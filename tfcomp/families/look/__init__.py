"""look: another decoder for the files of a trained `cycle` model."""

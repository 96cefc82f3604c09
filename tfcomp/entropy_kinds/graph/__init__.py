"""Range coders in stock TensorFlow operations, and what else the graphs of all kinds share."""

"""Range coders and what they need, in stock TensorFlow operations: for graphs of all kinds."""

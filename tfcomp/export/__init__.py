"""From a trained model to a bundle, TFLite files and a SavedModel."""

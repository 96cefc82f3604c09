"""The factorized kind: one table a channel and quality."""

"""The hyperprior kind: side information and context choose a table for each value."""

"""Training runs: optimisers, checkpoints, callbacks, the loop."""

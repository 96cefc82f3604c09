"""Gradient descent on the latents of one picture, networks frozen: smaller files for more time.

Only this room of the running world needs TensorFlow, and only `--refine` opens it: the runtime
imports it by name when asked to, never before.
"""

import os

# TensorFlow greets with lines of its own on standard error, unless told otherwise before it loads.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

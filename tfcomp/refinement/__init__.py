"""Gradient descent on the latents of one picture, networks frozen: smaller files for more time.

Only this room of the running world needs TensorFlow, and only `--refine` opens it: the runtime
imports it by name when asked to, never before.
"""

from tfcomp.runtime.quiet_tensorflow import import_quietly

import_quietly()

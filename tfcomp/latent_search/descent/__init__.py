"""Gradient descent on the latents of one picture with frozen networks: smaller files, more time.

Only this folder of the search needs TensorFlow: tfcomp/latent_search/search.py imports it on first
use.
"""

from tfcomp.runtime.quiet_tensorflow import import_quietly

import_quietly()

"""Gradient descent on the latents of one picture, networks frozen: smaller files for more time.

Only this folder of the search needs TensorFlow; tfcomp/latent_search/search.py imports it when it
is asked for, never before.
"""

from tfcomp.runtime.quiet_tensorflow import import_quietly

import_quietly()

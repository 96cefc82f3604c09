"""`python -m tfcomp.beam`."""

import sys

from tfcomp.beam.command import main

sys.exit(main())

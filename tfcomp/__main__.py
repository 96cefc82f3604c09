"""`python -m tfcomp` is the `tfcomp` command."""

import sys

from tfcomp.cli import main

sys.exit(main())

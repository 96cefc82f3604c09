"""`python -m tfcomp.training.binary_demonstration`: the old name, for a release.

It stands in tfcomp/families/binary/demonstration.py.
"""

import sys

from tfcomp.families.binary.demonstration import main

if __name__ == "__main__":
    sys.exit(main())

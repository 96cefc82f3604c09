"""python export.py --tflite --saved-model: exports a trained codec; see --help."""

import sys

from tfcomp.export.cli import main

if __name__ == "__main__":
    sys.exit(main())

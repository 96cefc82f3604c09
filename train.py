"""python train.py --model cycle: trains a codec; see `python train.py --help`."""

import sys

from tfcomp.training.cli import main

if __name__ == "__main__":
    sys.exit(main())

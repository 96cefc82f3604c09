# The two commands are `make train` and `make test`; both set up what they need.

VENV ?= .venv
# TensorFlow 2.14 runs on Python 3.9, 3.10 and 3.11.
PYTHON ?= $(shell for p in python3.11 python3.10 python3.9 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 9) <= sys.version_info[:2] <= (3, 11))' 2>/dev/null \
	&& echo $$p && break; done)
RUN = $(VENV)/bin/python
# The run that `make train` makes anew each time; no other is ever removed.
OWN_RUN = runs/make-train
OUT ?= $(OWN_RUN)

.PHONY: help train test lint fuzz fuzz-tools wheels c setup clean

help:
	@echo "make train   set up, train the cycle codec on embedded photographs (about 5 minutes)"
	@echo "make test    set up and run the tests"
	@echo "make lint    ruff, mypy, import contracts"
	@echo "make fuzz    every fuzz target for FUZZ_SECONDS seconds (60), with clang's sanitizers"
	@echo "make wheels  build a wheel and try it on every Python found"
	@echo "make c       build and test the C library"
	@echo "make clean   remove the virtual environment and make train's run"

$(VENV)/.installed: setup.py pyproject.toml tfcomp/bitstream/_range_coder.c tfcomp/bitstream/_range_coder_core.h
	@test -n "$(PYTHON)" || { echo "no Python 3.9, 3.10 or 3.11 found: set PYTHON=/path/to/python3.11"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --upgrade pip
	$(RUN) -m pip install --quiet -e '.[train,test,lint]'
	touch $@

setup: $(VENV)/.installed

train: setup
	$(if $(filter $(OWN_RUN),$(OUT)),rm -rf $(OWN_RUN))
	$(RUN) train.py --model cycle --out $(OUT)

test: setup
	$(RUN) -m pytest -q

lint: setup
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports

FUZZ_SECONDS ?= 60
# First what takes no time: whether clang is here.
fuzz: fuzz-tools $(VENV)/.fuzz-installed
	PYTHON=$(RUN) FUZZ_SECONDS=$(FUZZ_SECONDS) fuzz/run.sh

fuzz-tools:
	@fuzz/run.sh --check

$(VENV)/.fuzz-installed: $(VENV)/.installed
	$(RUN) -m pip install --quiet -e '.[fuzz]'
	touch $@

wheels: setup
	$(RUN) -m tests.distribution.matrix

c:
	cmake -S c -B build/c && cmake --build build/c && ctest --test-dir build/c --output-on-failure

clean:
	rm -rf $(VENV) $(OWN_RUN)

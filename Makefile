# The two commands are `make train` and `make test`; both set up what they need.

VENV ?= .venv
# Python 3.9 to 3.11 trains on TensorFlow 2.14 with TensorFlow Compression, 3.12 and 3.13 on
# TensorFlow 2.21 with Keras 3. The python3 that is there is taken, if it is one of these.
SUITS = import sys; sys.exit(not (3, 9) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for p in python3 python3.11 python3.10 python3.9 python3.12 python3.13 python; do \
	$$p -c '$(SUITS)' 2>/dev/null && echo $$p && break; done)
STACK = import sys; new = sys.version_info[:2] >= (3, 12); \
	print("Python %d.%d:" % sys.version_info[:2], "TensorFlow 2.21, Keras 3" if new \
	else "TensorFlow 2.14, Keras 2.14, TensorFlow Compression 2.14")
RUN = $(VENV)/bin/python
# Tests run in as many processes, each with a TensorFlow of its own (1.5 GB).
JOBS ?= 2
PYTEST = -m pytest -q -n $(JOBS) --dist loadfile
# The run that `make train` makes anew each time; no other is ever removed.
OWN_RUN = runs/make-train
OUT ?= $(OWN_RUN)

.PHONY: help train test test-new test-old lint docs fuzz fuzz-tools wheels litert c setup setup-new \
	setup-old clean

help:
	@echo "make train     set up, train the cycle codec on embedded photographs (about 5 minutes)"
	@echo "make test      set up and run the tests, on the python3 that is there"
	@echo "make test-new  all of them on TensorFlow 2.21, with Python 3.12 or 3.13 in $(NEW_VENV)"
	@echo "make test-old  what trains and exports on TensorFlow 2.14, Python 3.9 to 3.11 in $(OLD_VENV)"
	@echo "make lint      ruff, mypy, import contracts"
	@echo "make docs      build the site in build/site; a broken link is an error"
	@echo "make fuzz      every fuzz target for FUZZ_SECONDS seconds (60), with clang's sanitizers"
	@echo "make wheels    build a wheel and try it on every Python found"
	@echo "make litert    try every LiteRT on every Python found"
	@echo "make c         build and test the C library"
	@echo "make clean     remove the virtual environment and make train's run"

$(VENV)/.installed: setup.py pyproject.toml more_models/pyproject.toml tfcomp/bitstream/_range_coder.c tfcomp/bitstream/_range_coder_core.h
	@test -n "$(PYTHON)" || { echo "no Python 3.9 to 3.13 found: set PYTHON=/path/to/python3"; exit 2; }
	@$(PYTHON) -c '$(STACK)'
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --upgrade pip
	$(RUN) -m pip install --quiet -e '.[train,test,lint]' -e ./more_models
	touch $@

setup: $(VENV)/.installed

train: setup
	$(if $(filter $(OWN_RUN),$(OUT)),rm -rf $(OWN_RUN))
	$(RUN) train.py --model cycle --out $(OUT)

test: setup
	$(RUN) $(PYTEST)

# The two stacks of docs/stacks.md: python3's own in $(VENV), the other in an environment beside it.
OWN = $(shell $(PYTHON) -c 'import sys; print("new" if sys.version_info >= (3, 12) else "old")' \
	2>/dev/null)
NEW_VENV ?= $(if $(filter new,$(OWN)),$(VENV),.venv-new)
OLD_VENV ?= $(if $(filter new,$(OWN)),.venv-old,$(VENV))
# What TensorFlow itself does there: models, training, export, stock operations, TensorFlow Compression
# as referee. `make test` with an older Python runs all tests.
OLD_TESTS = tests/agreement tests/models tests/latent_search/descent/test_picture.py \
	$(addprefix tests/entropy/,test_against_tfc.py test_backend.py test_factorized_prior.py) \
	$(addprefix tests/training/,test_averages.py test_optimizers.py test_precision.py \
		test_starting_point.py test_training_run.py) \
	$(addprefix tests/vaegan/,test_bundle.py test_three_optimizers.py) \
	$(addprefix tests/export/,test_bundle.py test_everywhere.py test_graph_images.py \
		test_graph_range_coder.py test_hyperprior_bundle.py test_int8.py test_savedmodel.py) \
	tests/bitstream/test_range_coder_against_tfc.py

setup-new:
	@found="$$(tests/find_python.sh new)" && $(MAKE) setup VENV=$(NEW_VENV) PYTHON="$$found"

setup-old:
	@found="$$(tests/find_python.sh old)" && $(MAKE) setup VENV=$(OLD_VENV) PYTHON="$$found"

test-new: setup-new
	$(NEW_VENV)/bin/python $(PYTEST)

test-old: setup-old
	$(OLD_VENV)/bin/python $(PYTEST) $(OLD_TESTS)

lint: setup
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports

# Material's notice about MkDocs 2 does not concern this site.
docs: $(VENV)/.docs-installed
	NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build --strict --quiet
	@echo "the site is build/site/index.html"

$(VENV)/.docs-installed: $(VENV)/.installed
	$(RUN) -m pip install --quiet -e '.[docs]'
	touch $@

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

litert: setup
	$(RUN) -m tests.distribution.litert_matrix

c:
	cmake -S c -B build/c && cmake --build build/c && ctest --test-dir build/c --output-on-failure

clean:
	rm -rf $(VENV) $(OWN_RUN)

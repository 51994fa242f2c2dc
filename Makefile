# The short commands. `make` lists them.

PYTHON ?= python

help: ## this list
	@sed -nE 's/^([a-z]+): ## (.*)/\1\t\2/p' Makefile

test: ## the whole suite
	$(PYTHON) -m pytest

first: ## the ten tests to read first
	$(PYTHON) -m pytest tests/test_first.py -n 0

lint: ## what the gate asks besides the tests
	$(PYTHON) -m ruff check .
	$(PYTHON) -m mypy

gate: ## all that must pass, in an environment of its own
	bash .ci/run

docs: ## the site, into docs/build
	$(PYTHON) -m sphinx -W --keep-going -q -b html docs docs/build

links: ## links from the documents to other places, over the network
	$(PYTHON) -m sphinx -q -b linkcheck docs docs/build/links

figures: ## the figures of the tutorial
	$(PYTHON) tools/tutorial_figures.py

docstrings: ## which public arguments are not described
	$(PYTHON) tools/docstrings.py

size: ## lines of code
	$(PYTHON) tools/size.py

lock: ## pins what the development environment needs
	$(PYTHON) tools/lock.py

sbom: ## what is in an installation, as CycloneDX
	$(PYTHON) tools/sbom.py

matrix: ## every Python here, oldest and newest packages
	$(PYTHON) tools/matrix.py --record

canary: ## with pre-releases of NumPy and Numba
	$(PYTHON) tools/matrix.py --canary

.PHONY: help test first lint gate docs links figures docstrings size lock sbom matrix canary

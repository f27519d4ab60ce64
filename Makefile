# Everything runs in an environment of its own, made from requirements.lock on first use.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DATASETS ?= cdnow shop
PORT ?= 8866

.PHONY: help app lab report notebooks templates screenshots test lint bench lock clean
.DEFAULT_GOAL := help

help:  ## Say what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	touch $@

app: $(READY)  ## Serve the workbook as read-only apps on 127.0.0.1 (DATASETS="shop.toml cdnow")
	$(BIN)/retention serve --port $(PORT) $(DATASETS)

lab: $(READY)  ## Open the notebooks in JupyterLab
	$(BIN)/retention lab

report: $(READY)  ## Publish the cohort report of the sample in reports/
	$(BIN)/retention report cohorts --dataset cdnow --out reports

notebooks: $(READY)  ## Execute the notebooks and store them with their outputs
	$(BIN)/python -m tests.notebooks.store

templates: $(READY)  ## Write the chart templates from the drawings
	$(BIN)/python -c 'from retention_kit.charts.drawing import write_templates; write_templates()'

screenshots: $(READY)  ## Renew the pictures of the README
	$(BIN)/python -m tests.browser.screenshots

test: $(READY)  ## Run every test
	$(BIN)/python -m pytest -n auto --dist loadscope --cov --cov-report=term-missing:skip-covered --cov-fail-under=95
	$(BIN)/python -m pytest --nbval --nbval-current-env --override-ini addopts= notebooks

lint: $(READY)  ## Check style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)  ## Measure what claims to be fast
	$(BIN)/python -m tests.benchmarks

lock: $(READY)  ## Renew requirements.lock from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11 \
	  --group dev pyproject.toml --output-file requirements.lock

clean:  ## Remove the environment and what tools leave behind
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .coverage*

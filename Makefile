# Two commands for a new machine with Python 3.11 or newer: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TEXT ?= What a lovely film, I enjoyed every minute of it

# Downloads stay in the project folder: removing the checkout removes everything.
export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
export UV_CACHE_DIR := $(CURDIR)/.cache/uv

# The suite starts Python thousands of times: without bytecode each of them compiles botocore and moto anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test test-strict test-full check apigeelint install redis lock docs benchmark clean

demo: install
	PATH="$(CURDIR)/$(BIN):$$PATH" bash docs/tutorial/demo.sh "$(TEXT)"

QUICK := -n 3 --dist loadfile --no-loadscope-reorder -m "not full"

test: install redis
	$(BIN)/pytest $(QUICK)

# The same tests against sandboxes with AWS's delays, rates and quotas, on a clock that runs 60 times as fast.
test-strict: install redis
	MLDEPLOY_SANDBOX_MODE=strict MLDEPLOY_SANDBOX_SPEED=60 $(BIN)/pytest $(QUICK)

test-full: install redis
	$(BIN)/pytest

check: install apigeelint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python docs/generate.py --check

# Apigee's own linter on the bundles that we generate. It comes from npm; where there is none, this says so.
APIGEELINT := apigeelint@2.85.1

apigeelint: install
	@if ! command -v npm >/dev/null; then echo "apigeelint skipped: npm is not installed"; \
	elif ! npm install --silent --no-audit --no-fund --prefix .cache/apigeelint $(APIGEELINT) >/dev/null; then \
	  echo "apigeelint skipped: npm cannot install it"; \
	else $(BIN)/pytest -q tests/apigee/test_lint.py; fi

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml requirements-dev.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mldeploy needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes --requirement requirements-dev.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	touch $@

# A real Redis makes the cache tests stronger; without it they use the embedded one and say so.
redis:
	@command -v redis-server >/dev/null && exit 0; \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  apt-get update -qq && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq redis-server >/dev/null \
	  || echo "redis-server could not be installed: the embedded one is used"; \
	else echo "no redis-server here: the embedded one is used"; fi

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --no-emit-find-links --no-header

# For development, and for the GitHub Action, which builds this checkout: with and without the sandbox.
lock:
	$(COMPILE) --extra apigee --extra sandbox --group dev pyproject.toml --output-file requirements-dev.lock
	echo 'hatchling>=1.27' | $(COMPILE) --extra apigee pyproject.toml - --output-file requirements-action.lock
	echo 'hatchling>=1.27' | $(COMPILE) --extra apigee --extra sandbox pyproject.toml - --output-file requirements-action-sandbox.lock

# The reference pages and the composed schema come from the code.
docs: install
	$(BIN)/python docs/generate.py

benchmark: install
	$(BIN)/python benchmarks/cli/run.py

clean:
	rm -rf $(VENV) .cache build dist .pytest_cache .mypy_cache .ruff_cache

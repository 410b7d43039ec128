# Everything happens in .venv/, made from requirements.lock. `make run` and `make test` are all a newcomer needs.
PYTHON ?= python3.11
PATHS ?= scenarios
BIN := .venv/bin
READY := .venv/.ready

.PHONY: run test check coverage fix docs lock clean

run: $(READY)
	$(BIN)/drsim run $(PATHS)

test: $(READY)
	$(BIN)/python -m pytest -n auto

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cfn-lint cfn/*.yaml cfn/*/*.yaml

coverage: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check pytest-cov
	$(BIN)/python -m pytest -q -n auto -p no:cacheprovider --cov --cov-report=json --cov-report=term-missing:skip-covered tests/orchestration scenarios
	$(BIN)/python -m benchmarks.covered coverage.json --lines 95 --branches 90

fix: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(READY)
	$(BIN)/python -m docs.generated

lock: $(READY)
	$(BIN)/python -m pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --extra dev \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header \
		--output-file requirements.lock pyproject.toml

clean:
	rm -rf .coverage coverage.json .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(READY): requirements.lock pyproject.toml
	test -x $(BIN)/python || $$(command -v $(PYTHON) || command -v python3) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

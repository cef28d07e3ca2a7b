# make run    the application on this machine: http://127.0.0.1:8000/
# make test   the whole suite on SQLite, and on PostgreSQL the tests that need a database
# make test-dates  the quick tests at four other dates: a year's end, a Monday after India's calendar has ended, a weekend
#             night at a month's end, an ordinary afternoon
# make setup  what `make run` prepares, without starting anything
# make check  all static checks
# make screenshots  pictures of every page, into docs/screenshots
# make yahoo-standin  a server that answers for Yahoo, to watch failures: then YAHOO_URL=http://127.0.0.1:8009 make run

SHELL := /bin/sh
BIND ?= 127.0.0.1:8000
PYTHON ?= $(shell for p in python3.12 python3.13 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 12) <= sys.version_info[:2] < (3, 14))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
RUN := $(VENV)/bin/python
# Half as many more than there are cores: tests with processes of their own wait a part of their time.
TEST_PROCESSES ?= $(shell $(PYTHON) -c "import os; print(os.cpu_count() * 3 // 2 or 1)")
PYTEST := $(RUN) -m pytest -n $(TEST_PROCESSES) --dist worksteal $(if $(MOMENT),--moment $(MOMENT))
MOMENTS := 2026-12-31T23:30 2027-01-04T03:00 2027-02-28T02:00 2027-03-16T12:00
MANAGE := $(RUN) manage.py

.PHONY: run setup test test-dates moment quick check requirements screenshots yahoo-standin

# The demo's data have a folder of their own, unless DATA_DIR or DATABASE_URL says where data are.
DEMO_DATA := data/demo
SAYS_WHERE := $(DATA_DIR)$(DATABASE_URL)$(shell grep -siE '^ *(export +)?(DATA_DIR|DATABASE_URL) *= *[^ ]' "$${ENV_FILE-.env}")
ifeq ($(strip $(SAYS_WHERE)),)
run: export DATA_DIR = $(DEMO_DATA)
endif

run: setup
	@$(MANAGE) load_demo --user demo
	@if [ "$$DATA_DIR" = $(DEMO_DATA) ]; then \
	  echo "Data: $(DEMO_DATA). Other commands use them with DATA_DIR=$(DEMO_DATA) in front."; \
	  if [ -n "$$(find data/stockapp.sqlite3 -size +16 2>/dev/null)" ]; then \
	    echo "data/stockapp.sqlite3 is kept as it is; to open it here as before: DATA_DIR=data make run"; fi; fi
	@echo "Address: http://$(BIND)/"
	@exec $(MANAGE) serve --bind $(BIND)

setup: .env
	@$(MANAGE) install_assets
	@$(MANAGE) migrate --verbosity 0
	@$(MANAGE) createcachetable --verbosity 0

test: $(VENV)/installed-dev .env
	@$(MANAGE) install_assets
	@sh tests/system_packages.sh
	$(PYTEST) $(ARGS)
	$(RUN) tests/with_postgresql.py $(PYTEST) -m django_db --ignore tests/browser $(ARGS)

quick: $(VENV)/installed-dev
	$(PYTEST) -m "not slow" $(ARGS)

test-dates:
	@for moment in $(MOMENTS); do $(MAKE) quick MOMENT=$$moment || exit 1; done

moment:  # one of MOMENTS, by the day
	@echo $(word $(shell expr `date +%j` % $(words $(MOMENTS)) + 1),$(MOMENTS))

check: $(VENV)/installed-dev .env
	@$(MANAGE) install_assets
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy .
	$(VENV)/bin/lint-imports
	git ls-files -- 'templates/*.html' | xargs $(VENV)/bin/djade --check --target-version 6.1
	$(VENV)/bin/djlint templates --check --lint
	$(RUN) tests/requirements_in_step.py
	DATABASE_URL=sqlite:///:memory: $(MANAGE) makemigrations --check --dry-run
	DEBUG=false ALLOWED_HOSTS=example.org DATABASE_URL=sqlite:///:memory: $(MANAGE) check --deploy --fail-level WARNING

screenshots: $(VENV)/installed-dev .env
	@$(MANAGE) install_assets
	@sh tests/system_packages.sh
	$(RUN) -m tests.browser.screenshots $(ARGS)

yahoo-standin: $(VENV)/installed
	@exec $(RUN) -m tests.yahoo_standin

requirements:
	$(RUN) tests/requirements_in_step.py --write $(ARGS)

.env: | $(VENV)/installed  # written once: newer packages do not change it
	@umask 077; { echo "# The settings of this installation; .env.example explains each."; echo "DEBUG=true"; \
	  echo "SECRET_KEY=$$($(RUN) -c 'import secrets; print(secrets.token_urlsafe(50))')"; } > $@

$(VENV)/installed: requirements.txt
	@test -n "$(PYTHON)" || { echo "Python 3.12 or 3.13 is needed, and none was found on the PATH." >&2; exit 1; }
	@test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	@echo "Installing what the application needs (a minute the first time) ..."
	@$(RUN) -m pip install --quiet --quiet --disable-pip-version-check --require-hashes --requirement requirements.txt
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed requirements-dev.txt
	@echo "Installing what the tests and checks need ..."
	@$(RUN) -m pip install --quiet --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.txt
	@touch $@

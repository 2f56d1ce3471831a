# LoRA Pipeline. `make` or `make help` lists what there is.
# Plain enough for the GNU Make 3.81 of macOS.
SHELL := /bin/bash
.DEFAULT_GOAL := help

PYTHON ?= python3
TORCH := torch==2.13.0
BIN := .venv/bin

# A stamp is named after what was installed, so that a change installs again and nothing else does.
PINS := requirements.txt trainer/requirements.txt constraints.txt
hash = $(shell cat $(1) 2>/dev/null | cksum | cut -d ' ' -f 1)
APP_READY := .venv/app-ready-$(call hash,$(PINS))
DEV_READY := .venv/dev-ready-$(call hash,$(PINS) requirements-dev.txt)

# A data folder of its own, and nothing of the environment that could lead elsewhere.
DEMO = env -u DATABASE_URL -u IMPORT_DIR -u RUNPOD_API_KEY -u SMTP_URL -u CHAT_URL DATA_DIR=.data-demo
# uvicorn would believe X-Forwarded-For from this machine; TRUSTED_PROXIES decides that.
SERVE = env FORWARDED_ALLOW_IPS= $(BIN)/streamlit run app.py
PIP = PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install --no-input
# Of pip's output, a line for each package and download.
TERSE = awk '/^ *(Collecting|Downloading|Installing)/ { print "  " substr($$0, 1, 90); fflush() }'

.PHONY: help run demo backup setup test test-fast soak lint bench clean chromium

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run: setup ## Install what is missing, then open the app on http://localhost:8501
	@exec $(SERVE)

demo: setup ## Open the app with six months of made-up work, in a data folder of its own
	@$(DEMO) $(BIN)/python -m lib.cli demo fill
	@echo && echo "Open http://localhost:8501 and sign in with any of these addresses."
	@exec $(DEMO) $(SERVE)

backup: setup ## Save database, training files and adapters into .data/backups, or INTO=folder
	@$(BIN)/python -m lib.cli backup $(if $(INTO),--into "$(INTO)")

setup: $(APP_READY) ## Install everything that the app and the trainer need into .venv

test: setup $(DEV_READY) chromium ## Run all tests
	$(BIN)/python -m tests.shares

test-fast: setup $(DEV_READY) ## Run the tests that need no browser
	$(BIN)/python -m pytest -m "not browser"

soak: setup $(DEV_READY) ## Run races, faults and kills ten times as long
	SOAK=1 $(BIN)/python -m pytest tests/races tests/rented

lint: setup $(DEV_READY) ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup $(DEV_READY) chromium ## Measure the trainer and the app on this machine
	$(BIN)/python -m bench.run

clean: ## Remove what can be made again: .venv and caches; never .data
	rm -rf .venv .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find lib pages trainer tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or later is needed, and $(PYTHON) is not there."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or later is needed; $(PYTHON) is $$($(PYTHON) -V). Name a newer one: make run PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
		echo "This Python cannot make virtual environments; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Making a virtual environment in .venv"
	@$(PYTHON) -m venv --clear .venv

$(APP_READY): $(BIN)/python
	@echo "Installing PyTorch, the largest part (some minutes the first time)"
	@$(PIP) $(TORCH) -c constraints.txt
	@echo "Installing the app and the trainer"
	@set -o pipefail; $(PIP) -r requirements.txt -r trainer/requirements.txt -c constraints.txt | $(TERSE)
	@rm -f .venv/app-ready-* && touch $@
	@echo "Everything is installed."

$(DEV_READY): $(APP_READY)
	@echo "Installing the test tools"
	@set -o pipefail; $(PIP) -r requirements-dev.txt -c constraints.txt | $(TERSE)
	@rm -f .venv/dev-ready-* && touch $@

# The browser tests use the machine's own Chromium; tests/conftest.py looks in the same places.
chromium: $(DEV_READY)
	@if command -v chromium chromium-browser google-chrome >/dev/null; then true; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing Chromium for the browser tests"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else echo "Installing Chromium for the browser tests"; $(BIN)/playwright install chromium; fi

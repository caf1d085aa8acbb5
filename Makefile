# Everything that the targets make lies in this checkout (.venv, .venv-checkov, .cache) or in the system's
# temporary folder. They need Python 3.11 or newer and Terraform 1.9 or newer on PATH.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Two jobs: the two virtual environments of `make test` are made side by side.
MAKEFLAGS += --no-print-directory --jobs=2

# A Python to make the virtual environment with; empty: one that is found on PATH.
PYTHON ?=

python := .venv/bin/python

export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# pip asks rustc for its version, and a rustc of rustup's makes itself a folder in a home directory that has none.
ifeq ($(wildcard $(HOME)/.rustup),)
export RUSTUP_HOME := $(CURDIR)/.cache/rustup
endif

.PHONY: help venv bundle demo demo-openvpn check test test-beyond test-all fuzz seeded-faults bench lint fmt docs clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F '|' '{ printf "  make %-13s %s\n", $$1, $$2 }'

venv: .venv/.installed ## Make the virtual environment .venv, with this project in it

bundle: venv ## Build the function's code, modules/handler/connect_handler.zip
	@$(python) -m tools.bundle

demo: venv ## See the handler decide: terraform apply, connection attempts, a change of policy, destroy
	@$(python) -m tools.demo

demo-openvpn: venv ## See stock OpenVPN clients meet the handler (needs openvpn, and root)
	@$(python) -m tools.demo_openvpn

check: venv ## Lint, and the unit tests of what has changed: the loop while editing
	@$(python) -m tools.check check

test: venv .venv-checkov/.installed ## Everything but slow tests: tells whether this checkout works (about six minutes)
	@$(python) -m tools.check test

test-beyond: venv .venv-checkov/.installed ## The slow tests, and many more examples of each property
	@$(python) -m tools.check beyond

test-all: venv .venv-checkov/.installed ## Everything: `make test`, then `make test-beyond`
	@$(python) -m tools.check all

fuzz: venv ## Try new examples of each property, for MINUTES=… or without end
	@$(python) -m tools.fuzz $(MINUTES)

seeded-faults: venv ## Put faults into copies of this checkout, one at a time, and say which tests find them
	@$(python) -m tools.seeded_faults

bench: venv .venv-bench/.installed ## Measure the handler beside its peers (about three minutes)
	@.venv-bench/bin/python -m benchmarks

lint: venv .venv-checkov/.installed ## Run the checks that run nothing: ruff, mypy, terraform, checkov
	@$(python) -m tools.check lint

fmt: venv ## Format Python and Terraform files
	@$(python) -m ruff check --fix --quiet .
	@$(python) -m ruff format .
	@$(python) -m tools.terraform_cli -- fmt -recursive

docs: venv ## Write what is generated into the READMEs and docs/
	@$(python) -m tools.monitoring_names
	@$(python) -m tools.policy_language
	@$(python) -m tools.terraform_docs
	@$(python) -m tools.cvpn_docs
	@$(python) -m tools.decision_log_docs
	@$(python) -m tools.operations_docs

clean: ## Remove what these targets made, except the bundle
	rm -rf .venv .venv-bench .venv-checkov .cache .hypothesis
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +

# $(call new_venv,FOLDER): make a virtual environment, or keep one that still runs.
define new_venv
	@if ! $(1)/bin/python -c '' 2>/dev/null; then \
		found=$$(tools/find-python.sh '$(PYTHON)'); \
		echo "Making $(1) with $$("$$found" --version) ($$found)"; \
		"$$found" -m venv --clear $(1); \
	fi
endef

# $(call install,FOLDER,ARGUMENTS): install with pip, naming each package as it comes.
define install
	@set -o pipefail; $(1)/bin/python -m pip install --progress-bar off $(2) \
		| awk '/^Collecting/ { sub(/[^A-Za-z0-9_.-].*/, "", $$2); printf "%s ", $$2; fflush() } END { print "" }'
endef

# A virtual environment that no longer works, because its Python is gone or the checkout has moved, is mended.
broken := $(shell .venv/bin/python -c 'import connect_handler, cvpn, localaws' 2>/dev/null || echo yes)

.PHONY: FORCE
.venv/.installed: pyproject.toml $(if $(broken),FORCE)
	$(call new_venv,.venv)
	@echo "Installing the project and its tools into .venv (about a minute, the first time)"
	$(call install,.venv,--editable '.[dev]')
	@$(python) -m localaws install-runtimes
	@touch $@

# What is measured runs under the default runtime's Python, where there is one.
.venv-bench/.installed: pyproject.toml | venv
	@if ! .venv-bench/bin/python -c '' 2>/dev/null; then \
		found=$$($(python) -c 'import sys; from tools.bundle import compiler; print(compiler() or sys.executable)'); \
		echo "Making .venv-bench with $$("$$found" --version) ($$found)"; \
		"$$found" -m venv --clear .venv-bench; \
	fi
	@echo "Installing the engines that are measured into .venv-bench (about a minute, the first time)"
	$(call install,.venv-bench,--editable '.[bench]')
	@.venv-bench/bin/python -m localaws install-runtimes
	@touch $@

# checkov pins boto3, so it lives apart.
.venv-checkov/.installed: tools/checkov-requirements.txt
	$(call new_venv,.venv-checkov)
	@echo "Installing checkov into .venv-checkov (about a minute, the first time)"
	$(call install,.venv-checkov,--requirement $<)
	@touch $@

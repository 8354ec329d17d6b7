# `make` or `make help` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Outside of the clone, so that several clones share what was compiled.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/accunode/target
ADDRESS ?= 127.0.0.1:8080
# Where `make demo` keeps its data.
DEMO ?= $(HOME)/.local/share/accunode-demo

.PHONY: help run test check fmt lint deny docs contract explore generate hostile fuzz models mutants bench fault cluster crates package deploy postgres redis pgbouncer clean writers demo browser pictures versions

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

postgres: ## Install PostgreSQL's programs and make its account where they are missing
	@scripts/install-postgres.sh
	@scripts/create-account.sh

pgbouncer: ## Install PgBouncer's program where it is missing; only the tests need it
	@scripts/install-pgbouncer.sh

redis: ## Install Redis's program where it is missing; only the tests need it
	@scripts/install-redis.sh

browser: ## Install Chromium and its driver where they are missing; only the tests need them
	@scripts/install-chromium.sh

run: postgres ## Build AccuNode and serve it on http://127.0.0.1:8080
	cargo build --release --package accunode
	ACCUNODE_LISTEN=$(ADDRESS) exec "$(CARGO_TARGET_DIR)/release/accunode" serve

demo: postgres ## Serve an invented bank's data on http://127.0.0.1:8080, apart from your own
	cargo build --release --package accunode
	"$(CARGO_TARGET_DIR)/release/accunode" --data-dir "$(DEMO)" --log warn seed demo
	ACCUNODE_LISTEN=$(ADDRESS) exec "$(CARGO_TARGET_DIR)/release/accunode" --data-dir "$(DEMO)" serve

pictures: postgres browser ## Write the README's pictures, and those of every page into the target folder's tmp/pictures
	@scripts/test.sh pictures_of_the_pages --run-ignored all

test: postgres redis pgbouncer browser ## Run every test, with a PostgreSQL and a Redis of their own
	@scripts/test.sh

versions: redis pgbouncer browser ## Run the tests on PostgreSQL VERSIONS (16 17 18); TESTS=name narrows them
	@for version in $(or $(VERSIONS),16 17 18); do \
	  folder=$$(scripts/bring-postgres.sh $$version) && \
	  PATH="$$folder:$$PATH" scripts/test.sh $(TESTS) || exit 1; done

check: lint docs test ## Everything that the continuous integration checks

fmt: ## Format the code
	cargo fmt --all

lint: ## Formatting, clippy without warnings, the layers, the words, where SQL stands, what security.md names, the console's types
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- --deny warnings
	scripts/check-layers.sh
	scripts/check-security.sh
	scripts/check-sql.sh
	scripts/check-words.sh
	scripts/check-console.sh

deny: ## Compare the dependencies with deny.toml (brings cargo-deny; some seconds)
	@scripts/check-dependencies.sh

docs: ## Build the API documentation without warnings
	RUSTDOCFLAGS="--deny warnings --allow rustdoc::private-intra-doc-links" cargo doc --workspace --no-deps --document-private-items --quiet

contract: postgres ## Check that clients can be generated from the OpenAPI document (Python, Node)
	@scripts/contract.sh

explore: postgres ## Send every operation what the OpenAPI document allows and forbids (Python)
	@scripts/explore.sh

generate: ## Write anew what is generated: the OpenAPI document, the access matrix
	ACCUNODE_UPDATE=1 cargo test --quiet --package accunode-web --lib openapi
	ACCUNODE_UPDATE=1 cargo test --quiet --package accunode-domain --test access_matrix document

hostile: ## Write the hostile files of the tests anew (Python)
	python3 tests/hostile/make.py

fuzz: ## Fuzz the readers of uploaded files for FUZZ_SECONDS (60)
	@scripts/fuzz.sh

writers: ## Compare what other programs write with plain CSV (Python with openpyxl, XlsxWriter, pandas; LibreOffice)
	@scripts/writers.sh

mutants: ## Change the domain line by line and see that its own tests notice (about an hour)
	@scripts/mutants.sh

models: ## Train the shipped models anew (Python)
	models/train/build.sh build

bench: postgres ## Measure against raw PostgreSQL, into docs/benchmarks.md; BENCH=--fairness: one tenant beside another
	cargo build --release --package accunode --package accunode-bench
	"$(CARGO_TARGET_DIR)/release/accunode-bench" $(BENCH)

fault: postgres redis ## Kill, fill, hang and restart everything, and check what must hold (about 20 minutes)
	cargo build --release --package accunode
	cargo build --package accunode-tests --bin fault
	"$(CARGO_TARGET_DIR)/debug/fault" --program "$(CARGO_TARGET_DIR)/release/accunode"

cluster: postgres redis pgbouncer ## Kill each part of a whole cluster under load, and check what must hold (about 4 minutes)
	cargo build --release --package accunode
	cargo build --package accunode-tests --bin cluster
	"$(CARGO_TARGET_DIR)/debug/cluster" --program "$(CARGO_TARGET_DIR)/release/accunode"

crates: ## Build accunode-domain, -ports and -scoring from the packages that would be published
	@# In a folder of its own: cargo takes a package of the same version that it built before for the same.
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; CARGO_TARGET_DIR=$$folder \
	  cargo package --quiet --allow-dirty -p accunode-domain -p accunode-ports -p accunode-scoring

package: ## Make the Debian package and the bill of materials (compiles their tools once)
	@scripts/package.sh

deploy: ## Check the Dockerfile, compose.yaml, systemd unit and Helm chart, without an engine
	@scripts/check-deploy.sh

clean: ## Remove what was compiled
	cargo clean

# Two commands do everything: `make run` and `make test`. The environment lives in .venv.
PYTHON ?= python3.11
BIN := .venv/bin
IMAGES ?=
DATA ?= ../shared/data
PICTURE ?= build/window.png
TRAINING ?=

.PHONY: run training test check words lock model clean bundle deb run-installer windows windows-training test-install test-setup

# Code 3 says that some file could not be read: the list has told which, and that is no failure of the run.
run: .venv/base.stamp $(if $(TRAINING),.venv/training.stamp)
	@sh build_spec/system-libraries.sh
	@mkdir -p build
	@$(BIN)/pneumo-desktop run $(if $(IMAGES),"$(IMAGES)") --picture "$(PICTURE)" || { code=$$?; [ $$code -eq 3 ] || exit $$code; }

# What training beyond adapting needs (TensorFlow), into the same .venv.
training: .venv/training.stamp

test: .venv/dev.stamp
	@sh build_spec/system-libraries.sh
	$(BIN)/pytest

check: .venv/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python build_spec/words.py --check

words: .venv/dev.stamp
	$(BIN)/python build_spec/words.py

# Versions and hashes for every platform; no registry is named in the files.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
lock: .venv/dev.stamp
	$(COMPILE) -c requirements/constraints.txt pyproject.toml -o requirements/base.txt
	$(COMPILE) -c requirements/base.txt -c requirements/constraints.txt --extra training --extra dev --extra weights \
		pyproject.toml -o requirements/dev.txt
	$(COMPILE) -c requirements/dev.txt -c requirements/constraints.txt --extra training \
		pyproject.toml -o requirements/training.txt
	$(COMPILE) -c requirements/base.txt -c requirements/constraints.txt --extra bundle \
		pyproject.toml -o requirements/bundle.txt
	$(COMPILE) -c requirements/dev.txt -c requirements/constraints.txt --extra bundle --extra training --extra weights \
		pyproject.toml -o requirements/bundle-training.txt

# Rebuilds the bundled model from the data: the mean of two runs, and a third without the RSNA normals for its card. Each takes half an hour or more
# on two cores; a stopped run goes on.
BUNDLED_RUN = $(BIN)/python -m pneumo_desktop.training.bundled --data "$(DATA)" --size 224
model: .venv/dev.stamp
	$(BUNDLED_RUN) --run runs/seed2 --seed 2
	$(BUNDLED_RUN) --run runs/mixup3 --seed 3 --mixup 0.4 --mixed-epoch 0
	$(BUNDLED_RUN) --run runs/without-rsna --seed 2 --without-rsna
	$(BIN)/python -m pneumo_desktop.training.publish --data "$(DATA)" --run runs/seed2 runs/mixup3 \
		--figures-without-rsna runs/without-rsna --out models/bundled.pneumo

# The installers. Their environment has no TensorFlow and nothing of development: what is not there cannot slip in.
build/env-%/bin/pyinstaller: requirements/%.txt
	@sh build_spec/system-libraries.sh
	$(PYTHON) -m venv build/env-$*
	build/env-$*/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# A bundle is made again only when something that goes into it has changed.
BUNDLED := $(shell find pneumo_desktop resources -type f -not -name '*.pyc') models/bundled.pneumo LICENSE NOTICE \
	$(wildcard build_spec/*.py build_spec/*.spec build_spec/stand_ins/*) build_spec/linux/share.py build_spec/linux/bundle.sh \
	build_spec/linux/unused_libraries.py
build/bundle/pneumo-desktop/manifest.json: build/env-bundle/bin/pyinstaller $(BUNDLED)
	PYTHON=build/env-bundle/bin/python sh build_spec/linux/bundle.sh pneumo

build/bundle/pneumo-training/manifest.json: build/env-bundle-training/bin/pyinstaller build/bundle/pneumo-desktop/manifest.json
	PYTHON=build/env-bundle-training/bin/python sh build_spec/linux/bundle.sh training

bundle: build/bundle/pneumo-desktop/manifest.json build/bundle/pneumo-training/manifest.json

deb: bundle
	PYTHON=build/env-bundle/bin/python sh build_spec/linux/deb.sh

run-installer: bundle
	PYTHON=build/env-bundle/bin/python sh build_spec/linux/run_installer.sh

# Installs, runs and removes every Linux installer in a bare Debian: as root, about ten minutes (docs/releasing.md).
test-install: .venv/dev.stamp deb run-installer
	$(BIN)/python build_spec/linux/test_install.py

# The Windows installers, made here with PyInstaller under Wine (root; an empty computer needs an hour): build_spec/windows.
WINE_ROOT ?= /var/tmp/pneumo-wine
ON_WINDOWS := PYTHON=build/env-bundle/bin/python WINE_ROOT="$(WINE_ROOT)" sh build_spec/windows
WINDOWS_BUILD := build/env-bundle/bin/pyinstaller $(BUNDLED) $(addprefix build_spec/windows/,bundle.sh version_resource.py windows_python.py)
build/windows/bundle/pneumo-desktop/manifest.json: $(WINDOWS_BUILD)
	$(ON_WINDOWS)/bundle.sh pneumo

build/windows/bundle/pneumo-training/manifest.json: $(WINDOWS_BUILD) requirements/bundle-training.txt
	$(ON_WINDOWS)/bundle.sh training

windows: build/windows/bundle/pneumo-desktop/manifest.json
	$(ON_WINDOWS)/setup.sh setup.nsi pneumo-desktop pneumo-desktop
	sh build_spec/sums.sh

windows-training: build/windows/bundle/pneumo-training/manifest.json
	$(ON_WINDOWS)/setup.sh training.nsi pneumo-training pneumo-desktop-training
	sh build_spec/sums.sh

# Installs, runs, updates and removes setup.exe under Wine: as root.
test-setup: .venv/dev.stamp
	WINE_ROOT="$(WINE_ROOT)" $(BIN)/python build_spec/windows/test_setup.py

clean:
	rm -rf .venv build dist

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/base.stamp: requirements/base.txt pyproject.toml | .venv/bin/python
	@echo "Installing the program's libraries into .venv: once, about two minutes…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/base.txt
	@sh build_spec/link-checkout.sh
	@touch $@

.venv/training.stamp: requirements/training.txt .venv/base.stamp
	@echo "Installing the training component into .venv: once, some minutes…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/training.txt
	@touch $@

.venv/dev.stamp: requirements/dev.txt .venv/base.stamp
	@echo "Installing what development and the tests need into .venv: once, some minutes…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

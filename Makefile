# Copyright 2026 bodypix_ros contributors
# SPDX-License-Identifier: Apache-2.0
# All targets create or update .venv first; see tools/environment.py, also for ROS_WHEELS and ACCELERATOR.
PYTHON ?= python3
IN_VENV = $(PYTHON) tools/environment.py
OUTPUT ?= demo_output
DEMO = $(if $(IMAGE),--image '$(IMAGE)') $(if $(VIDEO),--video '$(VIDEO)') $(if $(DEVICE),--device '$(DEVICE)') $(ARGS)

.PHONY: help demo test docs lint coverage format environment clean

help:
	@echo 'make demo    run the node on a picture; IMAGE=person.jpg, VIDEO=walk.mp4 or DEVICE=/dev/video0, ARGS=... for options'
	@echo 'make test    check style and types, run the tests; ARGS="-k parts" selects tests'
	@echo 'make docs    build the documentation site in site/'
	@echo 'make lint    check style, types and the Dockerfile only'
	@echo 'make coverage measure which lines of the core are tested'
	@echo 'make format  format the code and apply automatic fixes'
	@echo 'make clean   remove .venv and all build results'

demo:
	$(IN_VENV) bodypix demo --output '$(OUTPUT)' $(DEMO)

# Tests must not communicate with robots on the local network.
test: lint
	ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST $(IN_VENV) python -m pytest $(ARGS)

docs:
	NO_MKDOCS_2_WARNING=1 $(IN_VENV) mkdocs build --strict

lint: environment
	$(IN_VENV) ruff check
	$(IN_VENV) ruff format --check
	$(IN_VENV) mypy
	$(IN_VENV) hadolint docker/Dockerfile

# Without ROS, whose processes are not measured, and without the compiled kernels.
coverage: environment
	$(IN_VENV) python -m pytest --cov --cov-report=term-missing:skip-covered --ignore=test/ros --ignore=test/demo \
	  --ignore=test/consumers --ignore=test/launch --ignore=test/benchmarks --ignore=test/training $(ARGS)

format:
	$(IN_VENV) ruff check --fix
	$(IN_VENV) ruff format

environment:
	@$(IN_VENV)

clean:
	rm -rf .venv build install log site *.egg-info bodypix_ros/msg bodypix_ros/srv bodypix_ros/*.so .mypy_cache .ruff_cache .pytest_cache

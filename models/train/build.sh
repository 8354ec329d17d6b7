#!/bin/sh
# Rebuilds the shipped models, or with `check` proves that a rebuild gives the committed ones.
# Usage: build.sh [build|check|bins|rate|pages] [annual|quarterly ...] [--version VERSION] [--replace] [--out FOLDER]
# ACCUNODE_TRAINING_DATA: the CSV to train on (default: the bundled copy)
# ACCUNODE_MODELS_VENV: where the virtual environment lives (default: .venv beside this script)
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
venv=${ACCUNODE_MODELS_VENV:-$here/.venv}
[ $# -gt 0 ] || set -- build

[ -x "$venv/bin/python" ] || "${PYTHON:-python3}" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt"

# One thread: sums are added in the same order every time.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 PYTHONPATH="$here" PYTHONDONTWRITEBYTECODE=1
exec "$venv/bin/python" -m accunode_train "$@"

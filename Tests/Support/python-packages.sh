#!/usr/bin/env bash
# Puts those of the named PyPI packages that are missing into $PYTHON_PLACE (.build/python). Silent when none is.
# A package whose module has another name: MODULE=PACKAGE.
set -euo pipefail

cd "$(dirname "$0")/../.."
place=${PYTHON_PLACE:-.build/python}
python=$place/bin/python
"$python" -c '' 2>/dev/null || python3 -m venv --clear "$place"
"$python" -c '
import importlib.util, sys
sys.exit(any(importlib.util.find_spec(name) is None for name in sys.argv[1:]))' "${@%%=*}" ||
    "$python" -m pip install --quiet --disable-pip-version-check "${@##*=}"

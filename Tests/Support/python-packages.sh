#!/usr/bin/env bash
# Puts those of the named PyPI packages that are missing into .build/python. Silent when none is.
# A package whose module has another name: MODULE=PACKAGE.
set -euo pipefail

cd "$(dirname "$0")/../.."
python=.build/python/bin/python
"$python" -c '' 2>/dev/null || python3 -m venv --clear .build/python
"$python" -c '
import importlib.util, sys
sys.exit(any(importlib.util.find_spec(name) is None for name in sys.argv[1:]))' "${@%%=*}" ||
    "$python" -m pip install --quiet --disable-pip-version-check "${@##*=}"

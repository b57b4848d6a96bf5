#!/bin/sh
# Set up .venv: find a suitable Python, install the pinned packages, then this project itself.
# PYTHON=/path/to/python chooses the interpreter. Running it again brings .venv up to date.
# `set_up.sh FOLDER PINS` makes another environment in the same way, with the packages of that file alone.
set -eu
cd "$(dirname "$0")/.."

venv=${1:-.venv}
pins=${2:-requirements/dev.txt}
uv=${UV:-uv}

say() { printf '%s\n' "$*" >&2; }

# Prints the version of $1 if it is a Python that the pins support. Every candidate is really run,
# since the launchers that version managers put on PATH may be there and fail.
version_of() {
    "$1" -c '
import platform, sys
if sys.implementation.name != "cpython" or not (3, 12) <= sys.version_info[:2] <= (3, 14):
    sys.exit(1)
print(platform.python_version())' 2>/dev/null </dev/null
}

# One a line, best first.
candidates() {
    [ -z "${PYTHON:-}" ] || echo "$PYTHON"
    for name in python3.13 python3.12 python3.14 python3 python; do
        command -v "$name" || true
    done
    for minor in 13 12 14; do
        for found in "${PYENV_ROOT:-${HOME:-}/.pyenv}/versions/3.$minor".*/bin/python; do
            [ ! -x "$found" ] || echo "$found"
        done
    done
    "$uv" python find --system --no-python-downloads '>=3.12,<3.15' 2>/dev/null || true
}

suitable_pythons() {
    candidates | while IFS= read -r candidate; do
        if version_of "$candidate" >/dev/null; then echo "$candidate"; fi
    done
}

venv_is_usable() {
    version_of "$venv/bin/python" >/dev/null && "$venv/bin/python" -m pip --version >/dev/null 2>&1
}

# Not every Python can make an environment: Debian's, for one, has its venv module in a package apart.
make_venv_with() {
    rm -rf "$venv"
    "$1" -m venv "$venv" && venv_is_usable && return
    rm -rf "$venv"
    "$uv" venv --seed --python "$1" "$venv" && venv_is_usable && return
    rm -rf "$venv"
    "$1" -m virtualenv "$venv" && venv_is_usable
} >/dev/null 2>&1 </dev/null

make_venv() {
    pythons=$(suitable_pythons)
    while IFS= read -r python; do
        if [ -n "$python" ] && make_venv_with "$python"; then return; fi
    done <<END
$pythons
END
    rm -rf "$venv"
    if "$uv" venv --seed --python 3.13 "$venv" >/dev/null 2>&1 && venv_is_usable; then return; fi
    rm -rf "$venv"
    if [ -z "$pythons" ]; then
        say "No Python 3.12, 3.13 or 3.14 was found: not on PATH, in pyenv, or through uv."
        say "Install one (for example: pyenv install 3.13, or uv python install 3.13),"
        say "or name the one you have: make PYTHON=/path/to/python3.13 test"
    else
        say "Found $(echo "$pythons" | head -n 1), but it cannot make a virtual environment: its venv module or pip is missing."
        say "Install that (on Debian and Ubuntu: the package python3-venv), or uv, or virtualenv, and run this again."
    fi
    return 1
}

if [ -n "${PYTHON:-}" ]; then
    if ! wanted=$(version_of "$PYTHON"); then
        say "PYTHON=$PYTHON is no Python 3.12, 3.13 or 3.14 that runs; another is looked for."
    elif [ "$wanted" != "$(version_of "$venv/bin/python")" ]; then
        rm -rf "$venv"
    fi
fi
venv_is_usable || make_venv

say "Setting up $venv with Python $(version_of "$venv/bin/python"): a few minutes the first time."
"$venv/bin/python" -m pip install -qq --disable-pip-version-check --requirement "$pins"
[ $# -eq 0 ] || exit 0
# The build tool is among the pins, so nothing is looked up here.
"$venv/bin/python" -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .

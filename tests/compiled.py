"""Where compiled loops are kept in tests: apart for each state of the source that is compiled.

Numba keeps a loop for as long as its own file stays. With it are kept the loops that it calls, so after a change of one
of those it would go on with the old code. Import this before anything that compiles.
"""

import hashlib
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SETTING = "NUMBA_CACHE_DIR"


def state(package: Path) -> str:
    """Tell states of the source apart: each file that may compile, by its name and its text."""
    found = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        text = path.read_bytes()
        if re.search(rb"numba|kernel|compiled", text):
            found.update(f"{path.relative_to(package).as_posix()}\0{len(text)}\0".encode() + text)
    return found.hexdigest()[:16]


def keep_apart(package: Path = ROOT / "ltv_bayes") -> str:
    """Choose the folder for this process and those that it starts, unless one is chosen; processes share it."""
    if SETTING not in os.environ:
        assert "numba" not in sys.modules
        os.environ[SETTING] = str(ROOT / ".pytest_cache" / "compiled" / state(package))
    return os.environ[SETTING]


FOLDER = keep_apart()

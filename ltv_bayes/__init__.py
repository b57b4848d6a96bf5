"""What customers are worth, and how sure we may be.

The public names load on first use: importing this package starts neither PyMC, ArviZ nor matplotlib.
"""

import importlib
from pathlib import Path
from typing import Any

__version__ = "0.1.0"

_WHERE: dict[str, str] = {}
for _line in Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8").splitlines():
    if _line.startswith("from "):
        _, _module, _, _name, *_ = _line.split()
        _WHERE[_name] = _module

__all__ = sorted([*_WHERE, "__version__"])


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'ltv_bayes' has no attribute {name!r}")
    if _WHERE[name] == __name__:
        value: Any = importlib.import_module(f"{__name__}.{name}")
    else:
        value = getattr(importlib.import_module(_WHERE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__

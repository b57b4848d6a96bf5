"""What clients are worth, and how sure we may be.

The public names load on first use: importing this package starts neither PyMC, ArviZ nor matplotlib.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "Customers": "ltv_bayes.data.customers",
    "Transactions": "ltv_bayes.data.transactions",
    "read_transactions": "ltv_bayes.data.transactions",
    "read_table": "ltv_bayes.data.readers",
    "summarize": "ltv_bayes.data.customers",
    "samples": "ltv_bayes.data.samples",
}

__all__ = sorted([*_PUBLIC, "__version__"])


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'ltv_bayes' has no attribute {name!r}")
    module = importlib.import_module(_PUBLIC[name])
    value = module if _PUBLIC[name].rpartition(".")[2] == name else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__

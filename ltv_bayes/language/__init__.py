"""Languages of what people read: messages, and the catalogues that translate them."""

from ltv_bayes.language.messages import (
    N_,
    _,
    _n,
    comma,
    from_locale,
    in_language,
    language,
    languages,
    retold,
    sentences,
    set_language,
)

__all__ = [
    "N_",
    "_",
    "_n",
    "comma",
    "from_locale",
    "in_language",
    "language",
    "languages",
    "retold",
    "sentences",
    "set_language",
]

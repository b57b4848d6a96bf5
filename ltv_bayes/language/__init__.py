"""Languages of what people read: messages, and the catalogues that translate them."""

from ltv_bayes.language.messages import (
    N_,
    _,
    _n,
    as_known,
    as_written,
    both,
    comma,
    either,
    from_locale,
    in_language,
    language,
    languages,
    retold,
    semicolon,
    sentences,
    set_language,
)

__all__ = [
    "N_",
    "_",
    "_n",
    "as_known",
    "as_written",
    "both",
    "comma",
    "either",
    "from_locale",
    "in_language",
    "language",
    "languages",
    "retold",
    "semicolon",
    "sentences",
    "set_language",
]

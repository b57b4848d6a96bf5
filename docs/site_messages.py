"""Two pages of the reference made of the source: every error and warning, and every column of result tables."""

import ast
from collections.abc import Iterator
from pathlib import Path

import ltv_bayes as lb
from ltv_bayes.language import in_language
from ltv_bayes.tables.headings import KNOWN

PACKAGE = Path(lb.__file__).resolve().parent
KINDS = {
    "money": "amount in the table's currency",
    "share": "share, 0.35 for 35%",
    "probability": "probability, 0 to 1",
    "count": "whole number",
    "number": "number",
    "ratio": "number of times",
    "duration": "time, in the unit of the name or of the customers",
    "date": "day",
    "yes_no": "true or false",
    "id": "id",
    "text": "words",
}


def messages_page() -> str:
    """Every error and warning by its class, in English and Chinese; names in braces are filled in."""
    found: dict[str, set[str]] = {}
    for file in PACKAGE.rglob("*.py"):
        for kind, message in _raised(ast.parse(file.read_text(encoding="utf-8"))):
            found.setdefault(kind, set()).add(message)
    parts = ["# Messages", "", "Each states what is wrong, and what to do. Names in braces are filled in.", ""]
    for kind, messages in sorted(found.items()):
        parts += [f"## {kind}", "", "| message | 中文 |", "|---|---|"]
        parts += [f"| {_cell(message)} | {_cell(_in_chinese(message))} |" for message in sorted(messages)]
        parts.append("")
    return "\n".join(parts)


def columns_page() -> str:
    """Every column of result tables: its name, what it is called, what it holds."""
    parts = [
        "# Columns of result tables",
        "",
        "Names are made of others: `eti89_lb` and `eti89_ub` are the ends of the 89% equal-tailed interval (`hdi89_lb`",
        "of the highest-density interval) of the column, or of what stands before: `to_come_eti89_lb`. `mean_` and a",
        "source is the mean of that source; `probability_above_3` and the like state the number in the name.",
        "",
    ]
    parts += ["| column | in words | 中文 | holds |", "|---|---|---|---|"]
    for name, (kind, words) in sorted(KNOWN.items()):
        parts.append(f"| `{name}` | {_cell(words)} | {_cell(_in_chinese(words))} | {KINDS[kind]} |")
    return "\n".join(parts)


def _raised(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """The class and the message of each error that is raised, and of each warning."""
    for node in ast.walk(tree):
        call = node.exc if isinstance(node, ast.Raise) else node.value if isinstance(node, ast.Return) else node
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        if isinstance(node, ast.Raise | ast.Return) and name.endswith("Error"):
            yield from ((name, text) for text in _texts(call))
        elif name == "warn" and len(call.args) > 1:
            yield from ((getattr(call.args[1], "id", "Warning"), text) for text in _texts(call))


def _texts(call: ast.Call) -> Iterator[str]:
    """The messages among the arguments of a call."""
    for part in ast.walk(call):
        if isinstance(part, ast.Call) and getattr(part.func, "id", "") in ("_", "_n"):
            yield from (
                one.value for one in part.args[:2] if isinstance(one, ast.Constant) and isinstance(one.value, str)
            )


def _in_chinese(message: str) -> str:
    from ltv_bayes.language.messages import _catalogue

    with in_language("zh"):
        forms = _catalogue("zh").forms.get(message)
    return forms[0] if forms else ""


def _cell(text: str) -> str:
    """A text as a cell of a table in Markdown, in which nothing is markup."""
    for mark in "\\`*_[]<>|~$":
        text = text.replace(mark, f"\\{mark}")
    return " ".join(text.split())

"""Two pages of the reference made of the source: every error and warning, and every column of result tables."""

import ast
import re
import tomllib
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


MADE_OF_OTHERS = """\
Amounts are in the currency of the table (`table.attrs["currency"]`). Names are made of others: `eti89_lb` and
`eti89_ub` are the ends of the 89% equal-tailed interval (`hdi89_lb` of the highest-density interval) of the mean, or of
what stands before: `to_come_eti89_lb`. `mean_` and a source is the mean of that source; `probability_above_3` and the
like state the number in the name. A column `caution` stands in every table of a fit that did not converge. Parts in <>
are filled in."""


ENDED = re.compile(r"[.?!)]$|[.?:}] ?\{\w+\}$|ltv-bayes ")
"""How a message ends that is no part of another."""
CURE = re.compile(
    r"\b(must|takes?|needs|such as|as in|did you mean|belongs?|so that|may be|is given|are given|is opened|is read|"
    r"saves|pass|give|write|name|use|leave|add|correct|fit|make|set|choose|read|install|run|state|convert|keep|drop|learn|"
    r"shorten|restore|merge|move|try|check|truncate|save|wait|close|remove|look|put|ask|delete|lower|raise|begin|open|"
    r"say|rank|recalibrate|mark|replace|reduce|combine|sort|simulate|refit|summarize|value|lengthen|decide|see|compare|order|free|turn|divide|"
    r"increase|count|call|draw|enter|repeat|download|spell|rename|export|score|match|pick|trust|do)\b"
    r"|\{(?:cure|suggestion|restore|advice|near|again|known|how|example|problem|reason|remarks|message|found|kept)\w*[^}]*\}",
    re.IGNORECASE,
)
"""By what a message is known to say what to do: a verb, or a part that is filled in."""
CURES = {
    "Segments are made by each column once, not by {columns!r}.": "Name each column once.",
    "Not fitted alone: {left_out}. Of the first: {why}": "Pool such segments with pool_by=, or leave them out.",
    "None of the {number} segments can be fitted alone. Of the first: {why}": "Pool them with pool_by=.",
    "{unknown}. Left out here.": "Fit with these segments, or compare those that the fit has seen.",
    "Prior and posterior have no parameter in common; the prior holds {held}. Are they one model's?": (
        "Draw the prior from the model that was fitted: model.sample_prior(customers)."
    ),
    "The posterior lacks {missing}; it holds {data_vars}.": "Give draws of every parameter of the model.",
    "There is no group 'posterior' in the tree, so it holds no draws.": "Give the tree that a fit or ArviZ saved.",
    "fewer than {fewest_periods} {period}s of the log have {fewest_purchases:g} repeat purchases.": (
        "Give a longer log, longer periods, or calendar_effects=None."
    ),
    "season has 12 factors, one a month, or 52 or 53, one a week, not {size}.": "Give one factor for each.",
    "season has factors by month, 1 to 12, or by week, 1 to 52 or 53, not by {numbers}.": "Number months from 1 to 12.",
    "'orders' are the open rows of the orders' file, and there are no orders.": "Name the file of opportunities.",
    "A batch has at least one customer, not {size}.": "Give a size of 1 or more.",
    "Between 1 and {most_lines} segments can be distinguished in one picture, not {number}.": (
        "Name some of them with segments=."
    ),
    "Costs are compared with the value of new customers who order; there are no orders.": "Give the orders too.",
    "No opportunity is open. orders.report lists the words of the status, and how each was taken.": (
        "Say which words mean open with keep=."
    ),
    "The later export has no opportunity with a number that was won or lost.": (
        "Export the pipeline again, with closed opportunities and their numbers."
    ),
    "least_score={least_score:g} is not between {lowest_score} and {highest_score}.": "Give one between them.",
    "price_index begins on {first}, after {day}. Let it begin earlier.": "Add the months before.",
    "{path} cannot be renamed to {other}.": "Close programs that have it open, and write again.",
    "{path} does not exist.": "Correct the path.",
    "{place} does not end in {suffix}.": "Write the name with that ending.",
    "{tiers} need as many names, each another, not {names!r}.": "Give one name for each tier.",
    "The compiled likelihood has no second derivatives.": "Ask for the first derivative only.",
    "{text!r} is neither a contract length nor a column: it is no whole number of months or days.": (
        "Write 'month', '24 months', or the column's name."
    ),
    "{number:,} rows have no {column}. Fill in the id.": "Fill in the id in the file.",
    "No customer is known on both days. Are both from one log, with ids written alike?": (
        "Take both days from one log."
    ),
    "No opportunity of the earlier export is open. Are the two exports in their order?": "Give the earlier one first.",
    "{argument}= holds {ids} that no valued customer has ({label} {unknown}). {some} Are ids written alike?": (
        "Write ids as the customers' table has them."
    ),
    "No customer has {absent} in {column!r}, which covers= names, and so none is covered by it. "
    "The values are {seen}.": ("Write the value as the table has it."),
    "Customers are scored in a frame, an Arrow table, a Parquet file or a Spark DataFrame, not in {kind}.": (
        "Give one of these."
    ),
    "An acquisition plan is a table with a row for each channel and month, not {kind}.": "Give a table, or its file.",
    "Attributes are joined to customers in memory or in a file.": "Summarize to customers first, or join them there.",
    "The sds are missing.": "For developers: give the standard deviations too.",
    "Priors of {names} go together: {missing} is missing.": "Give all of them, or none.",
    "None of the {opportunities} of the earlier export is decided in the later one. {still}Their numbers are written "
    "as {repr} and {repr_2}. Are the two exports of one pipeline, and in their order?": "Give the earlier one first.",
    "{path} does not end in .csv. The table is written as CSV.": "End the name in .csv.",
}
"""What to do, where a message does not say it in so many words."""


RAISES = re.compile(r"Error\(|\bwarn\(")
"""What stands in a file with messages."""


def messages() -> dict[str, set[str]]:
    """Every message by the class of its error or warning; parts of messages left out."""
    found: dict[str, set[str]] = {}
    texts = (file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py"))
    for text in filter(RAISES.search, texts):
        for kind, message in _raised(ast.parse(text)):
            if kind.endswith(("Error", "Warning")) and ENDED.search(message):
                found.setdefault(kind, set()).add(message)
    return found


def cure_of(message: str) -> str | None:
    """What to do beside what the message says itself; None where neither says it."""
    return CURES.get(message, "" if CURE.search(message) else None)


def messages_page() -> str:
    """Every error and warning by its class, in English and Chinese; names in braces are filled in."""
    parts = ["# Messages", "", "Each states what is wrong, and what to do. Names in braces are filled in.", ""]
    for kind, texts in sorted(messages().items()):
        parts += [f"## {kind}", "", "| message | 中文 | what to do besides |", "|---|---|---|"]
        for text in sorted(texts):
            parts.append(f"| {_cell(text)} | {_cell(_in_chinese(text))} | {_cell(cure_of(text) or '')} |")
        parts.append("")
    return "\n".join(parts)


def columns_page() -> str:
    """Every table by the call that returns it, and every column: what it is called, what it holds, what it means."""
    listed = tomllib.loads((Path(__file__).parent / "columns.toml").read_text(encoding="utf-8"))
    parts = ["# Columns of result tables", "", MADE_OF_OTHERS, "", "## By column", ""]
    parts += ["| column | in words | 中文 | holds | means |", "|---|---|---|---|---|"]
    for name, (kind, words) in sorted(KNOWN.items()):
        cells = (_cell(words), _cell(_in_chinese(words)), KINDS[kind], _cell(listed["means"][name]))
        parts.append(f"| `{name}` | {' | '.join(cells)} |")
    parts += ["", "## By call", "", "| call | one row for each | columns |", "|---|---|---|"]
    calls = {call: names for room in listed["tables"].values() for call, names in room.items()}
    for call, names in sorted(calls.items()):
        rows, columns = (", ".join(f"`{one}`" for one in names[part]) for part in ("index", "columns"))
        parts.append(f"| [`{call}`](#ltv_bayes.{call}) | {rows} | {columns} |")
    return "\n".join([*parts, ""])


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

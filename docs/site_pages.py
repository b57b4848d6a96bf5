"""What the site has beside the written pages: the reference of public names, and the same content for language models.

A Sphinx extension: before the pages are read, it writes docs/reference/, a page for each room with its public names;
while they are read, links to folders of the repository become words; at the end it writes llms.txt and llms-full.txt.
"""

import inspect
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from site_examples import add_example, examples_of
from site_messages import columns_page, messages_page
from sphinx import addnodes

import ltv_bayes as lb

DOCS = Path(__file__).resolve().parent
REFERENCE, PARTS = DOCS / "reference", DOCS / "parts"
ROOMS = {
    "data": "Data: from rows to customers",
    "models": "Models: settings, and fitting them",
    "predictions": "Fits: what a fitted model says",
    "judgement": "Judgement: what experts know",
    "streams": "Streams: what a customer pays for",
    "value": "Value: customers, segments, channels, decisions",
    "evaluation": "Evaluation: backtests and checks",
    "plots": "Pictures",
    "reporting": "Reports",
    "scoring": "Scoring: customers where they live",
    "runs": "Runs: from raw files to a report, by settings",
    "formulas": "Point formulas",
    "others": "Settings, tables, errors",
}
PAGES: dict[str, tuple[str, tuple[str, ...]]] = {
    "start": (
        "Start",
        ("tutorial", "tutorial_zh", "how_do_i", "which_model", "explanations", "coming_from", "glossary", "faq"),
    ),
    "guide": (
        "From data to value",
        (
            *("data", "matching", "models", "predictions", "subscriptions", "judgements", "scorecards"),
            *("lifetime_value", "hybrid"),
        ),
    ),
    "deciding": (
        "Decide and trust",
        ("segments", "acquisition", "equity", "portfolio", "pooling", "sensitivity", "calibration", "evaluation"),
    ),
    "handing_on": ("Hand on", ("report", "workbook", "gallery", "command_line", "scale", "languages")),
    "behind": ("Behind", ("performance", "studies", "architecture", "decisions")),
}
"""The parts of the site, and their pages in order; to the last part comes what changed."""
LAST = "behind"
QUESTION = re.compile(r"^\| \[[^\]]+\]\(([^)]+)\) \| (.+) \|$", re.MULTILINE)
LINK = re.compile(r"\[([^\]]+)\]\(\s*(\.\./[^)\s]+)\s*\)")

CODE = re.compile(r"(?<![`\[{}])`([A-Za-z_]+)`(?!`)")
FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
NOT_LINKED = {"__version__", "errors", "samples"}


def public_names() -> dict[str, list[str]]:
    """The public names, by the room that they live in."""
    rooms: dict[str, list[str]] = {room: [] for room in ROOMS}
    for name in lb.__all__:
        thing = getattr(lb, name)
        if inspect.ismodule(thing) or not callable(thing):
            continue
        room = thing.__module__.split(".")[1]
        rooms[room if room in ROOMS else "others"].append(name)
    return {room: names for room, names in rooms.items() if names}


def write_reference() -> None:
    """Write a page for each room, and one that lists them."""
    REFERENCE.mkdir(exist_ok=True)
    kept = {"index.md"}
    lines = ["# Reference", "", "Every public name, by the room of the package that it lives in.", ""]
    for room, names in public_names().items():
        kept.add(f"{room}.md")
        _write(REFERENCE / f"{room}.md", _room_page(room, names))
        lines += [f"## {ROOMS[room]}", "", "| name | question |", "|---|---|"]
        for name in names:
            lines.append(f"| [`{name}`](#ltv_bayes.{name}) | {_first_line(name)} |")
        lines.append("")
    more = {"samples": _samples_page(), "columns": columns_page(), "messages": messages_page()}
    for name, text in more.items():
        kept.add(f"{name}.md")
        _write(REFERENCE / f"{name}.md", text)
    toc = ["```{toctree}", ":hidden:", "", *public_names(), *more, "```", ""]
    _write(REFERENCE / "index.md", "\n".join([*lines, *toc]))
    for page in REFERENCE.glob("*.md"):
        if page.name not in kept:
            page.unlink()


def _room_page(room: str, names: list[str]) -> str:
    parts = [f"# {ROOMS[room]}", "", *examples_of(room)]
    for name in names:
        kind = "autoclass" if inspect.isclass(getattr(lb, name)) else "autofunction"
        members = [":members:", ":inherited-members: Exception, Warning, tuple, object"] if kind == "autoclass" else []
        parts += [f"## {name}", "", "```{eval-rst}", f".. {kind}:: ltv_bayes.{name}"]
        parts += [f"   {option}" for option in members]
        parts += ["```", ""]
    return "\n".join(parts)


def _samples_page() -> str:
    from ltv_bayes import samples

    names = [name for name in samples.__all__ if callable(getattr(samples, name))]
    parts = ["# Samples: real data and simulated businesses", "", *examples_of("samples")]
    for name in names:
        kind = "autoclass" if inspect.isclass(getattr(samples, name)) else "autofunction"
        parts += [f"## {name}", "", "```{eval-rst}", f".. {kind}:: ltv_bayes.samples.{name}", "```", ""]
    return "\n".join(parts)


def _first_line(name: str) -> str:
    text = inspect.getdoc(getattr(lb, name)) or ""
    return text.split("\n", 1)[0].replace("|", "\\|").replace("`", "")


def _write(page: Path, text: str) -> None:
    """Write a page only where it changed, so that a second build reads no page again."""
    if not page.exists() or page.read_text(encoding="utf-8") != text:
        page.write_text(text, encoding="utf-8")


def mend_page(app: Any, name: str, source: list[str]) -> None:
    """Mend a page's links: public names are linked to the reference, and folders of the repository become words.

    Links to files of the repository stay, and are downloads.
    """
    folder = (DOCS / name).parent

    def mended(match: re.Match[str]) -> str:
        target = match[2].partition("#")[0]
        is_download = (folder / target).is_file() and not target.endswith(".md")
        return f"[{match[1]}]({match[2]})" if is_download else match[1]

    source[0] = LINK.sub(mended, source[0])
    if not name.startswith("reference/"):
        source[0] = "".join(map(_linked, FENCE.split(source[0])))
    if name == "index":
        source[0] += navigation()


def _linked(text: str) -> str:
    """Link public names that stand as code in the text of a page, but in headings and blocks of code."""
    if text.startswith("```"):
        return text
    lines = text.split("\n")
    return "\n".join(line if line.startswith("#") else CODE.sub(_link, line) for line in lines)


def _link(match: re.Match[str]) -> str:
    name = match[1]
    return f"{{py:obj}}`{name} <ltv_bayes.{name}>`" if name in lb.__all__ and name not in NOT_LINKED else match[0]


def write_parts() -> None:
    """Write a page for each part of the site: its pages, with the question that each answers."""
    PARTS.mkdir(exist_ok=True)
    _, _, pages_of_index = (DOCS / "index.md").read_text(encoding="utf-8").partition("## All pages")
    questions = dict(QUESTION.findall(pages_of_index))
    for name, (title, pages) in PAGES.items():
        lines = [f"# {title}", "", "| page | question |", "|---|---|"]
        lines += [f"| [](../{page}.md) | {questions.get(f'{page}.md', '')} |" for page in pages]
        if name == LAST:
            lines.append("| [](changes.md) | What is new in this version? |")
        more = ["changes"] if name == LAST else []
        toc = ["", "```{toctree}", ":hidden:", "", *(f"../{page}" for page in pages), *more, "```", ""]
        _write(PARTS / f"{name}.md", "\n".join([*lines, *toc]))
    _write(PARTS / "changes.md", (DOCS.parent / "CHANGELOG.md").read_text(encoding="utf-8"))


def navigation() -> str:
    """The site's navigation, as MyST writes it."""
    return "\n".join(
        ["", "```{toctree}", ":hidden:", "", *(f"parts/{name}" for name in PAGES), "reference/index", "```", ""]
    )


def name_or_code(
    role: str, rawtext: str, text: str, lineno: int, inliner: Any, options: Any = None, content: Any = ()
) -> tuple[list[nodes.Node], list[Any]]:
    """What single backticks mean in a docstring: a link to a public name, and else code."""
    plain = text.strip()
    if plain in lb.__all__:
        link = addnodes.pending_xref(
            rawtext, refdomain="py", reftype="obj", reftarget=f"ltv_bayes.{plain}", refexplicit=False, refwarn=False
        )
        link += nodes.literal(rawtext, plain)
        return [link], []
    return [nodes.literal(rawtext, plain)], []


def write_for_language_models(app: Any, problem: Exception | None) -> None:
    """Write llms.txt, a list of pages, and llms-full.txt, all of them in one file."""
    if problem is not None or app.builder.format != "html":
        return
    pages = [page for page in sorted(app.env.found_docs) if not page.startswith("reference/")]
    listed = ["# ltv_bayes", "", "> Bayesian customer lifetime value (LTV, CLV, CLTV) in Python.", ""]
    listed += [f"- [{app.env.titles[page].astext()}]({page}.html)" for page in pages]
    out = Path(app.outdir)
    (out / "llms.txt").write_text("\n".join(listed) + "\n", encoding="utf-8")
    texts = [Path(app.env.doc2path(page)).read_text(encoding="utf-8") for page in pages]
    reference = [
        f"# {name}\n\n{inspect.getdoc(getattr(lb, name))}" for names in public_names().values() for name in names
    ]
    (out / "llms-full.txt").write_text("\n\n".join([*texts, *reference]), encoding="utf-8")


def setup(app: Any) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.add_role("name_or_code", name_or_code)
    app.connect("builder-inited", lambda _: write_parts())
    app.connect("builder-inited", lambda _: write_reference())
    app.connect("source-read", mend_page)
    app.connect("autodoc-process-docstring", add_example, priority=900)
    app.connect("build-finished", write_for_language_models)
    return {"parallel_read_safe": True}

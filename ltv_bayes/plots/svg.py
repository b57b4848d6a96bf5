"""Pictures as SVG that an HTML page can hold: text stays text, and a dark page can show them."""

import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
from lxml import etree
from matplotlib.colors import to_hex
from matplotlib.text import Text

SVG = "http://www.w3.org/2000/svg"
XLINK_HREF = "{http://www.w3.org/1999/xlink}href"
BLACK = "#000000"
FALLBACK = ("Verdana", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "sans-serif")
"""Fonts of those who look, in the order wanted; none is wider than the one that places were computed with."""
GENERIC = {"serif", "sans-serif", "monospace", "cursive", "fantasy"}
DECIMALS = 2
GEOMETRY = ("d", "x", "y", "width", "height", "transform")
NUMBER = re.compile(r"-?\d+\.\d+(?![\d.]*e)")
REFERENCE = re.compile(r"^url\(#(.+)\)$")


def svg_of(figure: Any, label: str, caution: str) -> str:
    """Write a figure as SVG: an element without prolog, script, style sheet or anything from outside.

    Parameters
    ----------
    figure : matplotlib Figure
        What to write; its background is left out.
    label : str
        What the picture is, in words, for those who cannot see it.
    caution : str
        The colour of cautions, as hex.
    """
    ink, ground = _ink(figure), to_hex(figure.get_facecolor())
    content = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "ltv_bayes"}):
        figure.savefig(content, format="svg", transparent=True, metadata={"Date": None})
    parser = etree.XMLParser(remove_comments=True, remove_blank_text=True, resolve_entities=False, huge_tree=True)
    root = etree.fromstring(content.getvalue(), parser)
    for part in [*root.iter(f"{{{SVG}}}metadata"), *root.iter(f"{{{SVG}}}style")]:
        part.getparent().remove(part)
    for part in root.iter():
        _write_plainly(part)
        _colour(part, {ink: "ink", ground: "ground", caution: "caution"})
    _one_font(root)
    _without_what_is_not_seen(root)
    _name(root, label)
    _own_ids(root)
    return str(etree.tostring(root, encoding="unicode"))


def _ink(figure: Any) -> str:
    """The colour of most texts around the data; what is written on areas has a colour of its own."""
    texts = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]
    on_data = {text for axes in figure.axes for text in axes.texts}
    texts = [text for text in texts if text not in on_data] or texts
    (colour, _), *_ = Counter(to_hex(text.get_color()) for text in texts).most_common(1) or [(BLACK, 0)]
    return str(colour)


def _write_plainly(part: Any) -> None:
    """Write styles as attributes, which a content security policy lets pass, and places without needless digits."""
    for name, value in _styles(part.attrib.pop("style", "")):
        part.set(name, value)
    if reference := part.attrib.pop(XLINK_HREF, ""):
        part.set("href", "".join(reference.split()))
    for name in GEOMETRY:
        if name in part.attrib:
            part.set(name, " ".join(NUMBER.sub(_rounded, part.get(name)).split()))
    if part.get("transform", "").startswith("rotate(-0 "):
        del part.attrib["transform"]


def _styles(style: str) -> Iterator[tuple[str, str]]:
    for entry in filter(None, map(str.strip, style.split(";"))):
        name, value = entry.split(":", 1)
        yield name.strip(), value.strip()


def _rounded(found: re.Match[str]) -> str:
    return f"{round(float(found[0]), DECIMALS) + 0.0:g}" if abs(float(found[0])) < 1e4 else f"{float(found[0]):.1f}"


def _colour(part: Any, names: dict[str, str]) -> None:
    """Let text and lines take the colour of the text around, and give what a dark page must colour anew a class."""
    classes = set()
    for paint in ("fill", "stroke"):
        name = names.get(part.get(paint, ""))
        if name == "ink":
            part.set(paint, "currentColor")
        elif name:
            classes.add(f"{name}-{paint}")
    if classes:
        part.set("class", " ".join(sorted(classes)))


def _one_font(root: Any) -> None:
    """Say once which fonts are used, with those of the reader's machine after them."""
    texts = list(root.iter(f"{{{SVG}}}text"))
    families = [name.strip(" '\"") for text in texts[:1] for name in text.get("font-family", "").split(",")]
    for text in texts:
        text.attrib.pop("font-family", None)
    wanted = dict.fromkeys([*(name for name in families if name and name not in GENERIC), *FALLBACK])
    root.set("font-family", ", ".join(name if name in GENERIC else f"'{name}'" for name in wanted))


def _without_what_is_not_seen(root: Any) -> None:
    """Drop ids that nothing refers to, areas without colour, and groups that say nothing."""
    used = {found for part in root.iter() for found in _referred(part)}
    for part in list(root.iter()):
        if part.get("id") not in used:
            part.attrib.pop("id", None)
        if part.tag == f"{{{SVG}}}path" and part.get("fill") == "none" and "stroke" not in part.attrib:
            part.getparent().remove(part)
    for part in list(root.iter(f"{{{SVG}}}g", f"{{{SVG}}}defs")):
        if not part.attrib and (part.tag == f"{{{SVG}}}g" or not len(part)):
            above, place = part.getparent(), part.getparent().index(part)
            above[place : place + 1] = list(part)


def _referred(part: Any) -> Iterator[str]:
    """The ids that an element refers to."""
    if part.get("href", "").startswith("#"):
        yield part.get("href")[1:]
    for value in part.attrib.values():
        if found := REFERENCE.match(value):
            yield found[1]


def _name(root: Any, label: str) -> None:
    """Say what the picture is."""
    settings = {"role": "img", "aria-label": label, "class": "picture", "fill": "currentColor"}
    for name, value in {**settings, "stroke-linejoin": "round"}.items():
        root.set(name, value)
    title = etree.Element(f"{{{SVG}}}title")
    title.text = label
    root.insert(0, title)
    etree.cleanup_namespaces(root)


def _own_ids(root: Any) -> None:
    """Give ids that no other picture has, the same ones for the same content."""
    own = f"p{hashlib.sha256(etree.tostring(root)).hexdigest()[:10]}-"
    for part in root.iter():
        if "id" in part.attrib:
            part.set("id", own + part.get("id"))
        for name, value in part.attrib.items():
            if found := REFERENCE.match(value):
                part.set(name, f"url(#{own}{found[1]})")
        if part.get("href", "").startswith("#"):
            part.set("href", f"#{own}{part.get('href')[1:]}")

"""A report as one HTML file: templates filled, with everything escaped, style and script inside."""

import json
from typing import Any

import jinja2
import numpy as np
import pandas as pd
from markupsafe import Markup

from ltv_bayes.formatting import visible
from ltv_bayes.plots.canvas import rendered
from ltv_bayes.reporting.contents.parts import CustomerTable, Document, Picture, Table
from ltv_bayes.tables import readable


def page(document: Document) -> str:
    """Write the page.

    Every text is escaped by the template engine; data for the script stand in an element of type application/json, in
    which no text can end the element.
    """
    template = _environment().get_template("report.html.j2")
    return template.render(document=document)


def _environment() -> jinja2.Environment:
    found = jinja2.Environment(
        loader=jinja2.PackageLoader("ltv_bayes.reporting.page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {"visible": visible, "picture": picture, "rows": rows, "data": data}
    found.tests |= {"kind": lambda part, name: type(part).__name__ == name}
    return found


def picture(part: Picture) -> Markup:
    """Draw a picture as SVG."""
    svg = rendered(part.draw(), "svg").decode()
    return Markup(svg[svg.index("<svg") :])


def rows(part: Table) -> dict[str, Any]:
    """A table as text: headings and rows."""
    shown = readable(part.frame.head(part.rows), part.currency, amounts=part.amounts)
    names = ["" if name is None else str(name) for name in shown.index.names]
    index = [key if isinstance(key, tuple) else (key,) for key in shown.index]
    body = [[*key, *cells] for key, cells in zip(index, shown.to_numpy().tolist(), strict=True)]
    rest = 0 if part.rows is None else max(0, len(part.frame) - part.rows)
    return {"head": [*names, *shown.columns], "keys": len(names), "body": body, "rest": rest}


def data(part: CustomerTable) -> Markup:
    """The customers' table for the script."""
    frame = part.frame.rename_axis("customer_id").reset_index()
    content = {
        "columns": list(map(str, frame.columns)),
        "rows": [[_plain(cell) for cell in row] for row in frame.to_numpy(dtype=object).tolist()],
        "sources": {str(name): [_plain(cell) for cell in column] for name, column in part.sources.items()},
        "groups": list(part.groups),
        "currency": part.currency,
    }
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def _plain(cell: Any) -> Any:
    """A cell as JSON knows it."""
    if isinstance(cell, float | np.floating):
        return None if not np.isfinite(cell) else float(f"{cell:.6g}")
    if isinstance(cell, bool | int | np.integer | np.bool_):
        return cell.item() if isinstance(cell, np.generic) else cell
    return None if cell is None or (pd.api.types.is_scalar(cell) and pd.isna(cell)) else visible(cell)

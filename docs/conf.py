"""The documentation's site: `make docs` builds it into docs/_build/html, without a network.

Pages are executed by docs/run_pages.py alone; here they are only set. The reference is made of the public names and
their docstrings, a page for each room of the package.
"""

import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS))

import ltv_bayes as lb  # noqa: E402

project = "ltv_bayes"
author = "the authors of ltv_bayes"
copyright = f"2026, {author}; this is version {lb.__version__}"
version = release = lb.__version__
html_title = f"ltv_bayes {version}"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "site_pages", "site_elsewhere"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
default_role = "name_or_code"
# Words in the type of a parameter, as in "array of shape (customers,)", are looked up as names of attributes.
suppress_warnings = ["ref.python"]
myst_heading_anchors = 4
myst_enable_extensions = ["deflist", "colon_fence"]
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_class_signature = "mixed"
napoleon_google_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True

html_theme = "pydata_sphinx_theme"
html_theme_options: dict[str, Any] = {
    "show_prev_next": True,
    "navigation_with_keys": True,
    "navbar_align": "left",
    "footer_start": ["copyright"],
    "footer_end": ["last-updated"],
    "secondary_sidebar_items": ["page-toc"],
    "header_links_before_dropdown": 7,
    "article_footer_items": [],
}
html_context = {"default_mode": "auto"}
html_static_path = ["site"]
html_css_files = ["site.css"]
html_last_updated_fmt = "%Y-%m-%d"
html_show_sourcelink = False
html_show_search_summary = False  # summaries are fetched, which a page opened from a disk may not
html_copy_source = False

"""The site: python -m sphinx -W --keep-going -b html docs docs/build (extra: docs)."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1])]

import tinygrad_mnist  # noqa: E402

project = "tinygrad_mnist"
version = release = tinygrad_mnist.__version__
copyright = "the authors of tinygrad_mnist"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "reference"]
exclude_patterns = ["build"]
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

default_role = "code"
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_use_rtype = False
napoleon_use_ivar = True
add_module_names = False
toc_object_entries = False
maximum_signature_line_length = 90

html_theme = "furo"
html_title = "tinygrad_mnist"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_search_summary = False  # which would be fetched, and cannot be from a folder
pygments_style = "friendly"

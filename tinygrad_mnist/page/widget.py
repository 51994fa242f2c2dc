"""The page in a notebook."""

from __future__ import annotations

from typing import Any

from ..errors import MissingExtraError
from ..train import TrainedNetwork
from .single_file import html

_MODULE = """
function render({ model, el }) {
  const frame = document.createElement("iframe");
  Object.assign(frame, { srcdoc: model.get("page"), title: "The glass network" });
  frame.sandbox = "allow-scripts allow-downloads";
  Object.assign(frame.style, { width: "100%", height: "860px", border: "0" });
  el.append(frame);
}
export default { render };
"""


def glass(network: TrainedNetwork) -> Any:
    """A notebook widget: the network of `html(network)`, to draw on and look inside.

    Raises MissingExtraError without anywidget (extra: notebook), DataError as `html` does.
    """
    try:
        import anywidget
        import traitlets
    except ImportError:
        raise MissingExtraError(
            'the glass network in a notebook needs anywidget: pip install "tinygrad_mnist[notebook]"'
        ) from None

    class Glass(anywidget.AnyWidget):  # type: ignore[misc, unused-ignore]
        _esm = _MODULE
        page = traitlets.Unicode().tag(sync=True)

    return Glass(page=html(network))

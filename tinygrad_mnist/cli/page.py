"""`tinygrad-mnist page`."""

from __future__ import annotations

import threading
import webbrowser
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from .. import data as datasets, model_file
from ..data.digits import Examples
from ..errors import DataError
from ..page import server, write
from ..page.lesson import Lesson
from ..train import RECIPES, TrainedNetwork, run
from .options import Data


def page(
    model: Annotated[
        Path | None,
        Parameter(help="A saved model. Default: the article's network, trained while you watch."),
    ] = None,
    /,
    *,
    data: Data = None,
    static: Annotated[
        Path | None,
        Parameter(help="Write one HTML file that needs no server, and end. Trains first without a model."),
    ] = None,
    host: Annotated[str, Parameter(help="Address to listen on.", show_default=True)] = "127.0.0.1",
    port: Annotated[int | None, Parameter(help="Port. Default: 7840, or any that is free.")] = None,
    browser: Annotated[
        bool, Parameter(negative="--no-browser", help="Open the page in a browser.", show_default=True)
    ] = True,
) -> None:
    """Draw digits, look inside the network, follow the way back, and watch it learn (extra: page).

    Listens on this machine only unless told otherwise. Ctrl-C ends it.
    """
    network = model_file.load(model) if model is not None else None
    train, test = datasets.mnist(data)
    if static is not None:
        write(static, network or run(RECIPES["article"], *train), test)
        print(f"page saved to {static}")
        return
    first = network or _untrained(train, test)
    listening = server.listen(host, port)
    name, number = listening.getsockname()[:2]
    try:
        app = server.application(first, train, test, begin=network is None, name=host, port=number)
        address = f"http://{f'[{name}]' if ':' in name else name}:{number}/"

        def started() -> None:
            print(f"the glass network is at {address} (Ctrl-C ends it)", flush=True)
            if browser:
                threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

        server.serve(app, listening, started)
    finally:
        listening.close()


def _untrained(train: Examples, test: Examples) -> TrainedNetwork:
    if train[0].shape[1:] != (28, 28) or max(train[1].max(), test[1].max()) > 9:
        raise DataError("the page shows images of 28 x 28 pixels in ten classes; this data has others")
    return Lesson(RECIPES["article"], train, test).network

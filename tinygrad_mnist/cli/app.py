"""The program: its commands, and what becomes of errors."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from cyclopts import App, CycloptsError, Parameter

from .. import __version__
from ..errors import TinygradMnistError
from .evaluate import evaluate
from .export import export
from .gradcheck import gradcheck
from .info import info
from .lab import lab_app
from .page import page
from .predict import predict
from .report import report
from .sweep import sweep
from .train import INTERRUPTED, train

_MISTAKE = 2
_NOBODY_READS = 141

app = App(
    name="tinygrad-mnist",
    help="Train small networks to read handwritten digits, use them, and check derivatives.",
    version=__version__,
    help_format="markdown",
    default_parameter=Parameter(negative="", show_default=False),
)
for _command in (train, evaluate, predict, info, export, gradcheck, report, sweep, page, lab_app):
    app.command(_command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit status.

    0: done. 1: gradcheck found a wrong derivative. 2: a mistake in the options or a file, or a
    training that diverged; one line on standard error says what. 130: ended by Ctrl-C (143, 129:
    a training ended by SIGTERM, SIGHUP). 141: nobody reads the output any more.

    Args:
        arguments: those of the command line; None takes them from there.
    """
    try:
        command, bound, _ = app.parse_args(
            sys.argv[1:] if arguments is None else arguments, print_error=False, exit_on_error=False
        )
        status = command(*bound.args, **bound.kwargs)
        sys.stdout.flush()
        return status or 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes standard output once more at exit; let it go nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _NOBODY_READS
    except MemoryError as error:
        return _complain(f"not enough memory: {error}")
    except (CycloptsError, TinygradMnistError, OSError) as error:
        return _complain(str(error))


def _complain(message: str) -> int:
    print("error:", " ".join(message.split()), file=sys.stderr)
    return _MISTAKE

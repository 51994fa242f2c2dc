"""The program: its commands, and what becomes of errors."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module

from cyclopts import App, CycloptsError, Parameter

from .. import __version__
from ..errors import TinygradMnistError
from ..kernels.threads import get_num_threads
from .stopping import INTERRUPTED
from .terminal import Screen, complain, prepare_streams, show_warnings_in_a_line, silence_output

_MISTAKE = 2
_NOBODY_READS = 141

#: Modules, and what in them is the command.
_COMMANDS = (
    *("train", "evaluate", "predict", "info", "export", "gradcheck", "report", "sweep", "page", "lab"),
    "doctor",
)


def _app(asked: str) -> App:
    """The program with the command asked for alone, or if there is none of that name with all of them.

    Loading all takes a third of a second.
    """
    app = App(
        name="tinygrad-mnist",
        help="Train small networks to read handwritten digits, use them, and check derivatives.",
        version=__version__,
        console=Screen(),
        help_format="markdown",
        default_parameter=Parameter(negative="", show_default=False),
    )
    for name in (asked,) if asked in _COMMANDS else _COMMANDS:
        app.command(getattr(import_module(f"{__package__}.{name}"), name))
    return app


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit status.

    0: done. 1: gradcheck found a wrong derivative, doctor a fault. 2: a mistake in the options or a file, a
    training that diverged, or a fault of the program; one line on standard error says what. 130: ended by
    Ctrl-C (143, 129: a training ended by SIGTERM, SIGHUP). 141: nobody reads the output any more.

    Args:
        arguments: those of the command line; None takes them from there.
    """
    prepare_streams()
    arguments = sys.argv[1:] if arguments is None else arguments
    with warnings.catch_warnings():
        show_warnings_in_a_line()
        try:
            asked = next(iter(arguments), "")
            command, bound, _ = _app(asked).parse_args(arguments, print_error=False, exit_on_error=False)
            if asked != "doctor" and (wrong := _wrong_variable()):
                return _mistake(wrong)
            status = command(*bound.args, **bound.kwargs) or 0
            sys.stdout.flush()
            return status
        except KeyboardInterrupt:
            return INTERRUPTED
        except BrokenPipeError:
            silence_output()
            return _NOBODY_READS
        except MemoryError as error:
            return _mistake(f"not enough memory: {error}")
        except (CycloptsError, TinygradMnistError) as error:
            return _mistake(str(error))
        except OSError as error:
            return _mistake(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        except Exception as error:
            if sys.flags.dev_mode:
                raise
            return _mistake(
                f"a fault of this program: {type(error).__name__}: {error} (python -X dev -m "
                "tinygrad_mnist ... shows where)"
            )


def _wrong_variable() -> str:
    try:
        get_num_threads()
    except ValueError as error:
        return str(error)
    return ""


def _mistake(message: str) -> int:
    complain("error", message)
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        silence_output()
    return _MISTAKE

"""A pytest plugin: one test per operation or check, through the fixture `gradient_check`.

In conftest.py:
    pytest_plugins = ["tinygrad_mnist.testing.pytest_plugin"]

In a test file; the names are those that `tinygrad-mnist gradcheck` takes, none for every operation of
this package:
    @pytest.mark.gradcheck("my_package.operations", order=2)
    def test_gradients(gradient_check):
        gradient_check()
"""

from __future__ import annotations

from collections.abc import Callable

from ..errors import MissingExtraError
from .gradcheck import Report
from .suite import checks

try:
    import pytest
except ImportError as error:
    raise MissingExtraError(
        "tinygrad_mnist.testing.pytest_plugin needs pytest: pip install 'tinygrad_mnist[test]'"
    ) from error


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", "gradcheck(*names, order=2): what the fixture gradient_check checks, and up to which order"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test per check."""
    if "gradient_check" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("gradcheck")
        found = checks(marker.args if marker else ())
        metafunc.parametrize("gradient_check", found, ids=[check.name for check in found], indirect=True)


@pytest.fixture
def gradient_check(request: pytest.FixtureRequest) -> Callable[[], Report]:
    """Runs one check: call it. It returns the report or raises what `gradcheck` raises."""
    marker = request.node.get_closest_marker("gradcheck")
    order = marker.kwargs.get("order", 2) if marker else 2
    return lambda: request.param.run(order)

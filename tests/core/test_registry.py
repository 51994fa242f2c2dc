"""Every declared operation, derivatives included: a new one is tested as soon as it is declared."""

import pytest

from tinygrad_mnist.primitive import COMPOSITES, REGISTRY
from tinygrad_mnist.testing import check_composite, check_primitive


@pytest.mark.parametrize("name", list(REGISTRY))
def test_primitive(name):
    report = check_primitive(REGISTRY[name])
    assert report.worst < 0.1
    assert (report.entries > 0) == REGISTRY[name].differentiable


@pytest.mark.parametrize("name", list(COMPOSITES))
def test_composite(name):
    report = check_composite(COMPOSITES[name])
    assert report.worst < 0.1
    assert report.entries > 0

"""Every declared operation, derivatives included: a new one is tested as soon as it is declared."""

from tinygrad_mnist.primitive import COMPOSITES, REGISTRY

pytest_plugins = ["tinygrad_mnist.testing.pytest_plugin"]

OPERATIONS = {**REGISTRY, **COMPOSITES}


def test_operation(gradient_check, request):
    report = gradient_check()
    assert report.worst < 0.1
    check = request.node.callspec.params["gradient_check"]
    differentiable = check.kind == "composite" or REGISTRY[check.name].differentiable
    assert (report.entries > 0) == differentiable


def test_nothing_that_is_declared_goes_unchecked(request):
    tests = {item.callspec.id for item in request.session.items if item.originalname == "test_operation"}
    assert tests >= {name for name in OPERATIONS if not name.startswith("test_")}

"""Every declared operation, derivatives included: a new one is tested as soon as it is declared."""

from tinygrad_mnist.primitive import REGISTRY

pytest_plugins = ["tinygrad_mnist.testing.pytest_plugin"]


def test_operation(gradient_check, request):
    report = gradient_check()
    assert report.worst < 0.1
    check = request.node.callspec.params["gradient_check"]
    differentiable = check.kind == "composite" or REGISTRY[check.name].differentiable
    assert (report.entries > 0) == differentiable

"""Every declared operation, derivatives included: a new one is tested as soon as it is declared."""

from tinygrad_mnist.primitive import COMPOSITES, REGISTRY

pytest_plugins = ["tinygrad_mnist.testing.pytest_plugin"]


def test_operation(gradient_check, request):
    report = gradient_check()
    assert report.worst < 0.1
    check = request.node.callspec.params["gradient_check"]
    declared = COMPOSITES if check.kind == "composite" else REGISTRY
    differentiable = declared[check.name].differentiable
    assert (report.entries > 0) == differentiable

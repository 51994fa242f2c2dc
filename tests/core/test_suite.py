"""The suite as others run it: on a module of theirs, from the command line and under pytest."""

import json
import sys
import textwrap

import pytest

from tinygrad_mnist.cli import main
from tinygrad_mnist.kinds import name_of
from tinygrad_mnist.primitive import COMPOSITES, REGISTRY
from tinygrad_mnist.testing import NoSuchCheckError
from tinygrad_mnist.testing.suite import checks, run

pytest_plugins = ["pytester"]

THEIRS = """
    import numpy as np
    from tinygrad_mnist import nn, ops
    from tinygrad_mnist.ops import mul, softmax
    from tinygrad_mnist.primitive import composite, loop
    from tinygrad_mnist.testing import check_module, gradcheck

    their_cube = loop("their_cube", "a * a * a", lambda g, y, x: 3 * g * x * x)

    @composite((((2, 3),), {}))
    def their_swish(x):
        return x * ops.sigmoid(x)

    def check_square():
        return gradcheck(lambda x: np.sum(x * x), [np.ones(3)], gradient=lambda x: x)

    def check_crash():
        return gradcheck(lambda x: np.sum(x), [np.ones(3)], gradient=lambda x: missing)

    def check_nothing():
        pass

    def helper():
        pass
"""


@pytest.fixture
def theirs(tmp_path, monkeypatch):
    """The name of a module with two operations that are right and three checks that fail."""
    (tmp_path / "their_package").mkdir()
    (tmp_path / "their_package" / "__init__.py").write_text("")
    (tmp_path / "their_package" / "operations.py").write_text(textwrap.dedent(THEIRS))
    (tmp_path / "their_package" / "empty.py").write_text("from tinygrad_mnist.ops import mul")
    (tmp_path / "their_package" / "broken.py").write_text("import their_package.missing")
    (tmp_path / "their_package" / "worse.py").write_text("1 / 0")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "their_package.operations"
    REGISTRY.pop("their_cube", None)
    COMPOSITES.pop("their_swish", None)
    for name in [name for name in sys.modules if name.startswith("their_package")]:
        del sys.modules[name]


def test_without_names_it_is_all_of_this_package(theirs):
    own = {*REGISTRY, *COMPOSITES}
    checks([theirs])  # declares others
    found = checks()
    assert {check.name for check in found} == own
    assert {check.kind for check in found} == {name_of(p.kind) for p in REGISTRY.values()} | {"composite"}


def test_a_module_offers_what_it_declares_and_its_check_functions(theirs):
    found = checks(["mul", theirs])
    assert [(check.name, check.kind) for check in found] == [
        ("mul", "loop"),
        ("their_cube", "loop"),
        ("their_swish", "composite"),
        ("check_square", "function"),
        ("check_crash", "function"),
        ("check_nothing", "function"),
    ]
    mul, cube, swish, square, crash, nothing = [run(check, 2) for check in found]
    assert mul.report.order == cube.report.order == swish.report.order == 2
    assert [x.error for x in (mul, cube, swish)] == [None] * 3
    assert "factor of two" in str(square.error)
    assert isinstance(crash.error, NameError)
    assert "must return the report" in str(nothing.error)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("sofmax", "'sofmax' is no operation and no module; did you mean softmax"),
        ("their_package.absent", "'their_package.absent' is no operation and no module"),
        ("their_package.empty", "their_package.empty declares no primitive, no composite and no function"),
        ("their_package.broken", "importing their_package.broken fails: .*their_package.missing"),
        ("their_package.worse", "importing their_package.worse fails: ZeroDivisionError"),
    ],
)
def test_names_of_nothing(theirs, name, says):
    with pytest.raises(NoSuchCheckError, match=says):
        checks([name])


# The command line ----------------------------------------------------------------------------------


def called(capsys, *arguments):
    status = main(["gradcheck", *arguments])
    captured = capsys.readouterr()
    assert captured.err == ""
    return status, captured.out


def test_command(capsys):
    status, output = called(capsys, "sin", "isnan", "--order", "1")
    head, sine, nan, empty, end = output.splitlines()
    assert status == 0
    assert head.split() == ["operation", "kind", "order", "worst", "error", "cases", "derivatives", "time"]
    assert sine.split()[:3] == ["sin", "loop", "1"]
    assert nan.split()[:5] == ["isnan", "composite", "0", "no", "derivative"]
    assert empty == ""
    assert end.startswith("2 checked, all right; 38 derivatives in ")


def test_command_on_a_module_with_failures(capsys, theirs):
    status, output = called(capsys, theirs)
    assert status == 1
    assert output.count("FAILED") == 3
    assert "check_square: gradcheck: the derivative of output 0 with respect to input 0[0] is wrong" in output
    assert "check_crash: NameError: name 'missing' is not defined" in output
    assert "3 of 5 failed" in output


def test_command_with_json(capsys, theirs):
    status, output = called(capsys, theirs, "--json")
    *operations, summary = map(json.loads, output.splitlines())
    assert status == 1
    assert [x["passed"] for x in operations] == [True, True, False, False, False]
    assert operations[0]["order"] == 2
    assert operations[0]["worst"] < 1
    wrong = operations[2]["disagreement"]
    assert (wrong["input"], wrong["analytic"]) == ("input 0[0]", 1.0)
    assert wrong["numeric"] == pytest.approx(2.0)
    assert operations[3]["disagreement"] is None
    assert (summary["passed"], summary["failed"]) == (2, 3)


def test_command_with_a_wrong_name(capsys):
    assert main(["gradcheck", "sofmax"]) == 2
    assert "did you mean softmax" in capsys.readouterr().err


# pytest --------------------------------------------------------------------------------------------


def test_plugin(pytester, theirs):
    pytester.makeconftest('pytest_plugins = ["tinygrad_mnist.testing.pytest_plugin"]')
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.mark.gradcheck("sin", "{theirs}", order=1)
        def test_gradients(gradient_check):
            gradient_check()
        """
    )
    result = pytester.runpytest_inprocess(pytester.path, "--strict-markers", "-p", "no:cacheprovider", "-v")
    result.assert_outcomes(passed=3, failed=3)
    result.stdout.fnmatch_lines(["*test_gradients?their_swish? PASSED*", "E *factor of two*"])

"""The generated pages say what is so now."""

import re

import mutants
import operation_table
import pytest

from tinygrad_mnist.primitive import REGISTRY


def test_the_operation_table_is_current():
    assert operation_table.PAGE.read_text() == operation_table.page(), (
        "write it anew: python tests/core/operation_table.py"
    )


def test_the_mutation_table_has_every_rule_and_explains_what_lives():
    text = mutants.PAGE.read_text()
    rows = re.findall(r"^\| (\w+) \|", text.split("## Those that live")[0], re.MULTILINE)
    assert rows[1:] == [p.name for p in REGISTRY.values() if p.differentiable], (
        "write it anew: python tests/core/mutants.py"
    )
    assert "not explained" not in text


@pytest.mark.parametrize("name", ["div", "tanh", "expand"])
def test_mutants_are_planted_found_and_removed(name):
    primitive = REGISTRY[name]
    before = primitive.vjps
    planted = list(mutants.mutants(primitive, set()))
    assert len({mutant.fault for mutant in planted}) > 2
    assert all(mutants.killed(mutant, primitive) for mutant in planted)
    assert primitive.vjps is before

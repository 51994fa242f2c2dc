"""What is printed for the processor means what the text means, in one function or in many."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import golden
import numpy as np
import pytest
from random_programs import check, random_program

import tinygrad_mnist as tg
from tinygrad_mnist.compiler import build, pieces, specialization
from tinygrad_mnist.kernels.checking import CHECKING


def _in_pieces(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Functions of so many statements, in machine code that nobody has kept."""
    monkeypatch.setattr(pieces, "TOGETHER", most)
    monkeypatch.setattr(build, "_LATEST", {})
    monkeypatch.setattr(build, "_PRINTER", build._PRINTER + f"pieces of {most}".encode())


@pytest.mark.parametrize("seed", range(3, 60, 4))
def test_programs_of_many_functions(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    _in_pieces(monkeypatch, 2)
    f, args = random_program(seed)
    check(f, args, interpret=False)


def test_workers_meet_in_programs_of_many_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "interpreted", build.compiled)  # which the text is otherwise shown without
    rows = np.random.default_rng(0).integers(0, 100, (4, 32))
    alone = golden.article().scan(rows).numpy()
    _in_pieces(monkeypatch, 3)
    before = tg.get_num_threads()
    try:
        tg.set_num_threads(2)
        assert np.array_equal(golden.article().scan(rows).numpy(), alone)
    finally:
        tg.set_num_threads(before)


def test_a_failure_in_a_piece_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    _in_pieces(monkeypatch, 1)
    table = tg.Tensor(np.arange(5.0))
    f = tg.jit(lambda i: (table[i] * 2).sum() + (table * 3).max())
    assert f(np.array([1, -1])).item() == 22
    with pytest.raises(IndexError, match="outside its axis"):
        f(np.array([1, 5]))


def test_the_lengths_of_buffers_are_part_of_what_is_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    schedules = []
    compiled = build.compiled

    def seen(text: str, given: Any, schedule: Any) -> Any:
        schedules.append(schedule)
        return compiled(text, given, schedule)

    monkeypatch.setattr(specialization, "compiled", seen)
    tg.jit(lambda x: (x @ x.T).sin() @ x)(tg.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    (schedule,) = schedules
    assert schedule.buffers
    longer = tuple(replace(x, shape=(7, *x.shape[1:])) for x in schedule.loops.buffers)
    other = schedule._replace(loops=schedule.loops._replace(buffers=longer))
    assert build._lengths(other) != build._lengths(schedule)


def test_the_line_of_whoever_calls_does_not_compile_anew(tmp_path: Path) -> None:
    runs, sources = [], []
    for name, line in ("one", "y = x.sin() * 3"), ("two", "y = (x.sin()) * 3  # other words"):
        path = tmp_path / f"{name}.py"
        path.write_text(f"def f(x):\n    {line}\n    return y\n")
        space: dict[str, Any] = {"__name__": name}
        exec(compile(path.read_text(), path, "exec"), space)
        compiled = tg.jit(space["f"])
        compiled(tg.tensor([1.0, 2.0]))
        runs.append(compiled._last()._runner.run())
        sources.append(compiled.source)
    assert runs[0] is runs[1]
    assert "y = x.sin() * 3" in sources[0]
    assert "other words" in sources[1]


@pytest.mark.parametrize("seed", [1, 12, 31])
def test_numba_makes_the_same_of_the_text(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    f, args = random_program(seed)
    expected = tg.jit(f)(*args)
    compiled = build.compiled
    monkeypatch.setattr(specialization, "compiled", lambda text, given, _: compiled(text, given))
    for x, y in zip(_arrays(expected), _arrays(tg.jit(f)(*args)), strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.skipif(CHECKING, reason="a program's name is then its text alone, and it may be on the disk")
def test_a_long_compilation_is_announced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _in_pieces(monkeypatch, 40)
    monkeypatch.setattr(build, "_SECONDS", 0.2)
    f, x = (lambda x: ((x * 2).sum(0) * x).max(1).values), np.ones((4, 5))
    monkeypatch.setattr(build, "_PRINTER", b"never kept" + repr(time.time()).encode())
    tg.jit(f)(x)
    said = capsys.readouterr().err
    assert "compiling a program of" in said
    assert " statements, about " in said
    monkeypatch.setattr(build, "_LATEST", {})
    tg.jit(f)(x)
    assert "compiling" not in capsys.readouterr().err, "it was on the disk"


def _arrays(x: Any) -> list[Any]:
    return [y.numpy() for y in (x if isinstance(x, tuple) else (x,))]

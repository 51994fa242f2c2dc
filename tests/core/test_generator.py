"""Explicit randomness: reproducible, resumable, and distributed as it should be."""

import subprocess
import sys

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import Generator

DRAWS = {
    "uniform": lambda g: g.uniform((1000,)),
    "uniform float64": lambda g: g.uniform((10, 10), dtype=np.float64),
    "normal": lambda g: g.normal((999,)),
    "normal float64": lambda g: g.normal((3, 5), dtype=np.float64),
    "integers": lambda g: g.integers(-5, 100, (50,)),
    "permutation": lambda g: g.permutation(100),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_same_seed_same_bits(draw):
    assert np.array_equal(draw(Generator(7)), draw(Generator(7)))
    assert not np.array_equal(draw(Generator(7)), draw(Generator(8)))


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_draws_do_not_repeat(draw):
    g = Generator(7)
    assert not np.array_equal(draw(g), draw(g))


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_saved_state_continues_the_stream(draw):
    g = Generator(3)
    draw(g)
    saved = np.array(g.state)
    expected = draw(g)
    other = Generator(0)
    other.state.assign_(saved)
    assert np.array_equal(draw(other), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("method", ["uniform", "normal"])
def test_numbers_do_not_depend_on_the_shape(method, dtype):
    flat = getattr(Generator(5), method)((24,), dtype=dtype).numpy()
    for shape in [(24,), (2, 12), (4, 3, 2)]:
        assert np.array_equal(getattr(Generator(5), method)(shape, dtype=dtype), flat.reshape(shape))
    assert np.array_equal(getattr(Generator(5), method)((8,), dtype=dtype), flat[:8])


def test_consecutive_draws_never_overlap():
    g = Generator(1)
    seen = np.concatenate([g.uniform((n,), dtype=np.float64) for n in (1, 2, 3, 5, 7, 0, 1, 4)])
    assert len(np.unique(seen)) == len(seen)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_moments_of_uniform(dtype):
    x = Generator(0).uniform((200_000,), dtype=dtype).numpy().astype(np.float64)
    assert 0 <= x.min() < 1e-4
    assert 1 - 1e-4 < x.max() < 1
    for k in (1, 2, 3, 4):
        assert (x**k).mean() == pytest.approx(1 / (k + 1), abs=4 / np.sqrt(len(x)))
    counts = np.histogram(x, 100, (0, 1))[0]
    assert ((counts - 2000) ** 2 / 2000).sum() < 160  # chi square with 99 degrees of freedom
    assert abs(np.corrcoef(x[:-1], x[1:])[0, 1]) < 0.01


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_moments_of_normal(dtype):
    x = Generator(0).normal((200_000,), dtype=dtype).numpy().astype(np.float64)
    assert np.isfinite(x).all()
    for k, moment in [(1, 0), (2, 1), (3, 0), (4, 3)]:
        assert (x**k).mean() == pytest.approx(moment, abs=0.05)
    assert (np.abs(x) < 1).mean() == pytest.approx(0.6827, abs=0.005)
    assert (np.abs(x) > 3).mean() == pytest.approx(0.0027, abs=0.0005)
    assert abs(np.corrcoef(x[:-1], x[1:])[0, 1]) < 0.01


def test_neighbouring_seeds_are_unrelated():
    a, b = (Generator(s).normal((100_000,)).numpy() for s in (0, 1))
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.015


def test_ranges():
    x = Generator(0).uniform((1000,), -2.0, 3.0).numpy()
    assert x.min() >= -2
    assert x.max() < 3
    assert x.mean() == pytest.approx(0.5, abs=0.2)
    y = Generator(0).normal((10_000,), 5.0, 0.1).numpy()
    assert y.mean() == pytest.approx(5, abs=0.01)
    assert y.std() == pytest.approx(0.1, rel=0.05)
    n = Generator(0).integers(-2, 3, (1000,))
    assert n.dtype == np.int64
    assert sorted(set(n.tolist())) == [-2, -1, 0, 1, 2]


def test_permutations():
    p = Generator(0).permutation(50)
    assert p.dtype == np.int64
    assert sorted(p.tolist()) == list(range(50))
    assert Generator(0).permutation(0).shape == (0,)
    first = [Generator(s).permutation(3).tolist() for s in range(200)]
    assert len({tuple(p) for p in first}) == 6


def test_empty_and_scalar_draws():
    g = Generator(0)
    assert g.uniform((0, 3)).shape == (0, 3)
    assert g.uniform().shape == ()
    assert repr(g) == "Generator(seed=0, blocks used: 1)"


def test_the_largest_seed():
    g = Generator(2**64 - 1)
    assert np.isfinite(g.normal((4,)).numpy()).all()
    assert g.state.tolist()[0] == 2**64 - 1
    with pytest.raises(TypeError, match="float"):
        Generator(1.5)


def test_random_numbers_carry_no_graph():
    assert not Generator(0).normal((3,)).requires_grad
    x = tg.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    noise = Generator(0).normal((3,))
    (x * noise).sum().backward()
    assert np.array_equal(x.grad, noise)


def test_the_default_generator_is_seeded_by_manual_seed_and_advanced_by_what_draws():
    assert tg.manual_seed(5) is tg.default_generator
    first = tg.nn.Linear(4, 3).weight.numpy().copy()
    second = tg.nn.Linear(4, 3).weight.numpy().copy()
    assert tg.initial_seed() == 5
    assert not np.array_equal(first, second)
    tg.manual_seed(5)
    state = tg.get_rng_state()
    assert np.array_equal(tg.nn.Linear(4, 3).weight, first)
    assert np.array_equal(tg.nn.Linear(4, 3, generator=Generator(5)).weight, first)
    tg.set_rng_state(state)
    assert np.array_equal(tg.nn.Linear(4, 3).weight, first)
    assert tg.manual_seed(-1).initial_seed() == 2**64 - 1
    assert tg.seed() != tg.seed()


def test_a_compiled_function_draws_from_the_default_generator_as_plain_calls_do():
    dropout = tg.nn.Dropout(0.5)
    plain = lambda x: dropout(x) + dropout(x)
    compiled, x = tg.jit(plain), tg.ones((40,))
    tg.manual_seed(3)
    expected = [plain(x).numpy() for _ in range(3)]
    tg.manual_seed(3)
    got = [compiled(x).numpy(), plain(x).numpy()]  # a call of each: the stream is one
    saved = tg.get_rng_state()
    got.append(compiled(x).numpy())
    np.testing.assert_array_equal(got, expected)
    tg.set_rng_state(saved)
    np.testing.assert_array_equal(compiled(x), expected[2])


def test_seeds_inside_a_compiled_function():
    @tg.jit
    def drawn():
        tg.manual_seed(11)
        return tg.nn.functional.dropout(tg.ones((9,)), 0.5, tg.default_generator)

    first = drawn().numpy()
    np.testing.assert_array_equal(drawn(), first)
    assert tg.initial_seed() == 11


def test_programs_without_a_seed_draw_entropy():
    code = "import tinygrad_mnist as tg; print(tg.initial_seed())"
    seeds = {subprocess.run([sys.executable, "-c", code], capture_output=True).stdout for _ in range(2)}
    assert len(seeds) == 2


def test_generators_know_the_words_of_pytorch():
    g = Generator(device="cpu").manual_seed(2)
    assert (g.initial_seed(), Generator("cpu").initial_seed()) == (2, Generator().initial_seed())
    state = g.get_state()
    first = g.uniform((3,)).numpy()
    assert np.array_equal(g.set_state(state).uniform((3,)), first)
    assert g.seed() == g.initial_seed()
    with pytest.raises(ValueError, match="'cuda' is not here"):
        Generator(device="cuda")
    with pytest.raises(TypeError, match=r"generator= is a tg\.Generator"):
        tg.nn.Linear(2, 2, generator=3)

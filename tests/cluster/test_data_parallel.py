"""Batches shared by ranks: the same bits for any number of them, and what is refused."""

import numpy as np
import pytest
from thread_ranks import run_ranks

import tinygrad_mnist as tg
from tinygrad_mnist import cluster, nn, optim, train
from tinygrad_mnist.cluster.training import Together
from tinygrad_mnist.cluster.tree import own_shards, subtrees, total
from tinygrad_mnist.errors import GraphError, ShapeError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 6)).astype(np.float32)
Y = RANDOM.integers(0, 3, 40)


def made(seed=0, dropout=0.0, adam=False):
    model = nn.MLP(6, 5, 3, dropout=dropout, generator=tg.Generator(seed))
    kind = optim.AdamW if adam else optim.SGD
    return model, kind(model.parameters(), lr=0.1)


def bits(model):
    return b"".join(x.numpy().tobytes() for x in model.state_dict().values())


def trained(ranks, sizes=(16, 12, 3, 1, 8), **options):
    """Weights and costs after steps of these batch sizes."""
    model, optimiser = made(seed=0 if ranks is None else ranks.rank, **options)  # all begin as rank 0
    parallel = cluster.DataParallel(model, optimiser, ranks=ranks, compiled=False)

    def cost(x, y):
        outputs = model(x)
        return nn.cross_entropy(outputs, y), outputs

    costs, begin = [], 0
    for size in sizes:
        mean, outputs = parallel.step(cost, X[begin : begin + size], Y[begin : begin + size])
        assert outputs.shape == (size, 3)
        costs.append((mean.item(), outputs.numpy().tobytes()))
        begin += size
    return bits(model), costs


# The tree ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shards", [1, 2, 3, 5, 8, 13])
def test_ranks_add_what_lies_within_theirs_and_the_sum_is_one(shards):
    numbers = (RANDOM.normal(size=shards) * 10.0 ** RANDOM.integers(-8, 8, shards)).astype(np.float32)

    def leaf(node):
        return [np.array(numbers[node[0]])] if node[1] - node[0] == 1 else None

    expected = total((0, shards), leaf)
    for ranks in range(1, shards + 1):
        nodes = []
        for rank in range(ranks):
            own = own_shards(shards, ranks, rank)
            assert shards // ranks <= own[1] - own[0] <= -(-shards // ranks)
            nodes += subtrees(own, (0, shards))
        assert [k for first, end in nodes for k in range(first, end)] == [*range(shards)]
        known = {node: total(node, leaf) for node in nodes}
        assert total((0, shards), known.get) == expected


# Steps -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"dropout": 0.3}, {"adam": True}], ids=str)
def test_any_number_of_ranks_gives_the_same_bits(options):
    one = trained(cluster.ranks.OneRank(), **options)
    for size in (2, 3, 4, 8):
        assert run_ranks(size, lambda ranks: trained(ranks, **options)) == [one] * size


def test_it_is_the_step_without_ranks_up_to_rounding():
    model, optimiser = made()
    parallel = cluster.DataParallel(model, optimiser, ranks=cluster.ranks.OneRank())
    other, descent = made()
    for begin in (0, 16):
        x, y = tg.Tensor(X[begin : begin + 16]), tg.Tensor(Y[begin : begin + 16])
        found = parallel.step(lambda x, y: nn.cross_entropy(model(x), y), x, y)
        descent.zero_grad()
        expected = nn.cross_entropy(other(x), y)
        expected.backward()
        descent.step()
        assert found.item() == pytest.approx(expected.item(), rel=1e-6)
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(p.numpy(), q.numpy(), rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-5, atol=1e-7)


def test_the_number_of_shards_is_part_of_the_algorithm():
    def run(shards):
        model, optimiser = made()
        parallel = cluster.DataParallel(model, optimiser, shards=shards, ranks=cluster.ranks.OneRank())
        parallel.step(lambda x, y: nn.cross_entropy(model(x), y), X, Y)
        return np.concatenate([p.numpy().ravel() for p in model.parameters()])

    assert not np.array_equal(run(8), run(3))
    np.testing.assert_allclose(run(8), run(3), rtol=1e-5, atol=1e-7)


def test_one_rank_stops_all():
    def work(ranks):
        model, optimiser = made()
        parallel = cluster.DataParallel(model, optimiser, ranks=ranks, compiled=False)
        if ranks.rank == 1:
            parallel.stop()
        with pytest.raises(KeyboardInterrupt):
            parallel.step(lambda x, y: nn.cross_entropy(model(x), y), X, Y)
        return bits(model)

    assert len({*run_ranks(3, work)}) == 1


# What is refused -----------------------------------------------------------------------------------------


def refused(model, function, *batch, **options):
    optimiser = optim.SGD(model.parameters(), lr=0.1)
    one = cluster.ranks.OneRank()
    cluster.DataParallel(model, optimiser, ranks=one, compiled=False, **options).step(function, *batch)


def test_what_cannot_be_shared():
    model, _ = made()

    def cost(x, y):
        return nn.cross_entropy(model(x), y)

    with pytest.raises(ValueError, match="at least one shard, not 0"):
        refused(model, cost, X, Y, shards=0)
    with pytest.raises(ShapeError, match=r"one length, at least 1, not \[2, 40\]"):
        refused(model, cost, X, Y[:2])
    with pytest.raises(ShapeError, match=r"not \[0\]"):
        refused(model, cost, X[:0], Y[:0])
    for what, named in ((3.0, "not float"), (None, "not NoneType"), (tg.zeros(4), r"not a Tensor \(4,\)")):
        with pytest.raises(ShapeError, match=f"mean cost, a Tensor without axes, {named}"):
            refused(model, lambda x, what=what: what, X)
    with pytest.raises(GraphError, match=r"does not depend on parameter 2\.weight"):
        refused(model, lambda x: model[0](x).sum(), X)
    norm = nn.Sequential(nn.Linear(6, 3), nn.BatchNorm1d(3))
    with pytest.raises(GraphError, match=r"changes its buffer 1.\w+ as it trains"):
        refused(norm, lambda x, y: nn.cross_entropy(norm(x), y), X, Y)


@pytest.mark.parametrize("compiled", [False, True])
def test_parameters_with_the_very_same_gradient(compiled):
    found = []
    for ranks in (1, 2):

        def work(ranks):
            pair = [nn.Parameter(tg.zeros(6, 3)), nn.Parameter(tg.zeros(6, 3))]
            model = nn.Module()
            model.a, model.b = pair
            parallel = cluster.DataParallel(model, optim.SGD(pair, 0.5), ranks=ranks, compiled=compiled)
            parallel.step(lambda x, y: nn.cross_entropy(x @ (pair[0] + pair[1]), y), X, Y)
            return [p.numpy().copy() for p in pair]

        found += run_ranks(ranks, work)
    single = [nn.Parameter(tg.zeros(6, 3)) for _ in range(2)]
    nn.cross_entropy(tg.tensor(X) @ (single[0] + single[1]), tg.tensor(Y)).backward()
    for pair in found:
        np.testing.assert_array_equal(pair[0], found[0][0])
        np.testing.assert_array_equal(pair[1], pair[0])
        np.testing.assert_allclose(pair[0], -0.5 * single[0].grad.numpy(), rtol=1e-5, atol=1e-7)


def test_more_ranks_than_shards():
    def work(ranks):
        with pytest.raises(cluster.RanksError, match="there are 3 ranks, but only 2 shards"):
            cluster.DataParallel(*made(), shards=2, ranks=ranks)

    run_ranks(3, work)


# Trainings that average -----------------------------------------------------------------------------------


@pytest.mark.parametrize("validation", [0.0, 0.25])
@pytest.mark.parametrize("every", [3, 1000])  # neither divides the steps of an epoch
def test_averaging_ranks_have_one_network_after_each_epoch(every, validation):
    images = RANDOM.integers(0, 256, (56, 4, 4), np.uint8)
    labels = np.arange(56) % 3
    recipe = train.Recipe(hidden=(5,), epochs=1, batch_size=8, rate=1.0, validation=validation)

    def work(ranks):
        return bits(Together(ranks, average_every=every).run(recipe, images, labels, compiled=False).model)

    one, other = run_ranks(2, work)
    assert one == other

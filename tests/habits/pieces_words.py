"""Words of tensors, as courses and forum answers use them."""


def _x(torch):
    return torch.tensor([[3.0, -1.0, 2.0], [0.5, 4.0, -2.0]])


def reductions(torch):
    x = _x(torch)
    return (
        x.sum(),
        x.sum(dim=0),
        x.sum(1, keepdim=True),
        x.mean(dim=-1),
        x.prod(0),
        x.mean(dim=(0, 1)),
        torch.sum(x, dim=1),
        x.sum(axis=0, keepdims=True),
    )


def largest(torch):
    x = _x(torch)
    values, indices = x.max(dim=1)
    best = torch.min(x, 0)
    return (
        x.max(),
        values,
        indices,
        best.values,
        best.indices,
        x.argmax(),
        x.argmax(dim=0),
        x.argmin(1, keepdim=True),
        torch.max(x, -x),
    )


def accuracy(torch):
    logits, labels = _x(torch), torch.tensor([0, 2])
    _, predicted = torch.max(logits, 1)
    return (
        (predicted == labels).sum().item(),
        (predicted == labels).float().mean(),
        logits.argmax(1).eq(labels).sum(),
    )


def ordering(torch):
    x = _x(torch)
    s = x.sort(dim=1, descending=True)
    t = torch.topk(x, 2, dim=1)
    return (
        s.values,
        s.indices,
        t.values,
        t.indices,
        x.argsort(dim=0),
        x.kthvalue(2, dim=1).values,
        x.median(dim=1).values,
        x.median(),
    )


def running(torch):
    x = _x(torch)
    m = x.cummax(dim=1)
    return x.cumsum(0), x.cumprod(1), m.values, m.indices, torch.logcumsumexp(x, 1), torch.diff(x)


def spreads(torch):
    x = _x(torch)
    return (
        x.var(),
        x.std(dim=0),
        x.var(unbiased=False),
        x.var(1, unbiased=True),
        x.std(dim=1, correction=0, keepdim=True),
        torch.std_mean(x),
    )


def norms(torch):
    x = _x(torch)
    return (
        x.norm(),
        x.norm(p=1),
        x.norm(2, dim=1),
        torch.norm(x, dim=0, keepdim=True),
        torch.linalg.norm(x),
        x.norm(p=float("inf")),
    )


def shapes(torch):
    x = torch.arange(12)
    y = x.view(3, 4)
    return (
        y,
        y.view(-1, 2),
        y.t(),
        y.T,
        y.reshape(2, -1),
        y.permute(1, 0),
        y.transpose(0, 1),
        y.unsqueeze(0).squeeze(),
        y.flatten(),
        y.view_as(y),
    )


def joining(torch):
    x, y = torch.ones(2, 2), torch.zeros(2, 2)
    return (
        torch.cat([x, y]),
        torch.cat((x, y), dim=1),
        torch.stack([x, y], dim=-1),
        torch.hstack([x, y]),
        torch.vstack([x, y]),
    )


def cutting(torch):
    x = torch.arange(10)
    return (
        x.chunk(3),
        x.split(4),
        x.split([3, 7]),
        torch.arange(6).view(2, 3).unbind(1),
        x.narrow(0, 2, 3),
        x.tensor_split(3),
    )


def spreading_out(torch):
    x = torch.tensor([[1.0], [2.0]])
    return (
        x.expand(2, 3),
        x.expand(-1, 2),
        x.repeat(1, 2),
        x.repeat(2, 1, 2),
        x.expand_as(torch.zeros(2, 4)),
        torch.tensor([1, 2]).repeat_interleave(2),
    )


def products(torch):
    a, b, v = torch.arange(6.0).view(2, 3), torch.ones(3, 2), torch.tensor([1.0, 2.0, 3.0])
    batch = torch.ones(4, 2, 3)
    return (
        a @ b,
        a.mm(b),
        a.mv(v),
        torch.matmul(a, v),
        torch.bmm(batch, batch.transpose(1, 2)),
        v.dot(v),
        torch.outer(v, v),
        torch.einsum("ij,j->i", a, v),
        torch.addmm(torch.ones(2, 2), a, b),
    )


def comparisons(torch):
    x, y = torch.tensor([1, 2, 3]), torch.tensor([3, 2, 1])
    return (
        x.eq(y),
        x.ne(y),
        x < y,
        x.ge(2),
        torch.equal(x, x),
        torch.allclose(x.float(), x.float() + 1e-9),
        (x > 1) & (y > 1),
        ~(x == 2),
    )


def choosing(torch):
    x = _x(torch)
    return (
        torch.where(x > 0, x, torch.zeros_like(x)),
        torch.where(x > 0, 1.0, -1.0),
        x.masked_fill(x < 0, 0.0),
        x.clamp(-1, 1),
        x.clamp(min=0),
        torch.where(x > 2),
        x.where(x > 0, x * 10),
    )


def picking(torch):
    x = _x(torch)
    return (
        x[x > 0],
        x.masked_select(x < 0),
        x.nonzero(),
        torch.nonzero(x > 2, as_tuple=True),
        x.gather(1, torch.tensor([[0], [2]])),
        x.index_select(1, torch.tensor([2, 0])),
        x[[1, 0]],
        x[:, 1],
        x[..., -1],
        x[:, None].shape == (2, 1, 3),
    )


def scattering(torch):
    index = torch.tensor([[0, 1], [2, 0]])
    one_hot = torch.zeros(3, 4).scatter(1, torch.tensor([[1], [3], [0]]), 1.0)
    return (
        one_hot,
        torch.zeros(3, 2).scatter_add(0, index, torch.ones(2, 2)),
        torch.zeros(3).index_add(0, torch.tensor([0, 2, 0]), torch.tensor([1.0, 2.0, 3.0])),
    )


def counting(torch):
    x = torch.tensor([3, 1, 2, 3, 1])
    u, inverse, counts = torch.unique(x, return_inverse=True, return_counts=True)
    return (
        x.unique(),
        u,
        inverse,
        counts,
        torch.bincount(x),
        torch.bincount(x, minlength=6),
        torch.histc(torch.tensor([1.0, 2.0, 1.0]), bins=4, min=0, max=3),
        torch.count_nonzero(x),
    )


def searching(torch):
    edges = torch.tensor([1.0, 3.0, 5.0])
    v = torch.tensor([0.5, 3.0, 6.0])
    return (
        torch.searchsorted(edges, v),
        torch.searchsorted(edges, v, right=True),
        torch.bucketize(v, edges),
        torch.isin(torch.tensor([1, 2]), torch.tensor([2, 3])),
    )


def rearranging(torch):
    x = torch.arange(6).view(2, 3)
    return (
        x.flip(0),
        x.flip(0, 1),
        torch.flip(x, dims=[1]),
        x.roll(1, 1),
        torch.rot90(x),
        x.movedim(0, 1),
        torch.fliplr(x),
        x.unflatten(1, (3, 1)),
        torch.arange(5).unfold(0, 2, 1),
    )


def elementwise(torch):
    x = torch.tensor([0.5, 1.0, 2.0])
    return (
        x.exp(),
        x.log(),
        x.sqrt(),
        x.pow(2),
        x**3,
        x.sigmoid(),
        x.tanh(),
        x.sin(),
        x.abs(),
        x.neg(),
        x.reciprocal(),
        x.rsqrt(),
        x.erf(),
        x.floor(),
        torch.round(x),
        x.sign(),
    )


def with_alpha(torch):
    x, y = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    return (
        torch.add(x, y, alpha=2),
        x.sub(y, alpha=0.5),
        torch.mul(x, 3),
        torch.div(y, x, rounding_mode="floor"),
        torch.div(-y, x, rounding_mode="trunc"),
        torch.addcmul(x, x, y, value=0.1),
        x.lerp(y, 0.5),
        y // x,
        y % 2,
    )


def integers(torch):
    x = torch.tensor([7, -7, 3])
    return (
        x / 2,
        x // 2,
        x % 4,
        x.float() / 2,
        x + 0.5,
        x * 2,
        torch.tensor([1, 2]) / torch.tensor([2, 2]),
        torch.true_divide(x, 2),
        x.sum(),
        x.float().mean(),
    )


def softly(torch):
    x = _x(torch)
    return (
        torch.softmax(x, dim=1),
        x.softmax(-1),
        torch.log_softmax(x, dim=0),
        x.logsumexp(dim=1),
        x.softmax(dim=1).sum(dim=1),
    )


def with_dtype(torch):
    x = torch.tensor([1, 2, 3])
    return (
        x.sum(dtype=torch.float64),
        torch.mean(x, dtype=torch.float32),
        x.cumsum(0, dtype=torch.float32),
        x.prod(dtype=torch.int64),
        x.float().softmax(0, dtype=torch.float64),
    )


def quantiles(torch):
    x = torch.tensor([3.0, 1.0, 2.0, 4.0])
    return (
        x.quantile(0.5),
        torch.quantile(x, torch.tensor([0.25, 0.75])),
        x.view(2, 2).quantile(0.5, dim=1),
        torch.nanmedian(x),
        x.nansum(),
    )


def distances(torch):
    a, b = torch.tensor([[0.0, 0.0], [1.0, 1.0]]), torch.tensor([[3.0, 4.0]])
    return (
        torch.cdist(a, b),
        torch.dist(a[1], b[0]),
        torch.cosine_similarity(a + 1, b, dim=1),
        torch.cov(torch.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]])),
        torch.corrcoef(torch.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.5]])),
    )


def logic(torch):
    x = torch.tensor([[True, False], [True, True]])
    return (
        x.any(),
        x.all(),
        x.any(dim=0),
        x.all(1),
        torch.logical_and(x, ~x),
        x.sum(),
        torch.isnan(torch.tensor([1.0, float("nan")])),
        torch.isfinite(torch.tensor([1.0, float("inf")])),
    )


def extremes_of_two(torch):
    x, y = torch.tensor([1.0, 5.0]), torch.tensor([3.0, 2.0])
    return (
        torch.maximum(x, y),
        torch.minimum(x, y),
        x.amax(),
        x.amin(dim=0),
        torch.aminmax(x),
        torch.mode(torch.tensor([1, 2, 2, 3])).values,
        torch.clip(x, 2, 4),
    )


def broadcasting(torch):
    x, row = torch.arange(6.0).view(2, 3), torch.tensor([1.0, 2.0, 3.0])
    return (
        x + row,
        x * row[None, :],
        x - x.mean(dim=1, keepdim=True),
        x / row.sum(),
        row[:, None] * row,
        (x - x.mean(0)) / x.std(0),
    )


def outside_in(torch):
    return (
        torch.nan_to_num(torch.tensor([1.0, float("nan"), float("inf")])),
        torch.heaviside(torch.tensor([-1.0, 0.0, 2.0]), torch.tensor(0.5)),
        torch.logit(torch.tensor([0.3])),
        torch.hypot(torch.tensor(3.0), torch.tensor(4.0)),
        torch.atan2(torch.tensor(1.0), torch.tensor(-1.0)),
        torch.pi,
    )


def blocks(torch):
    return (
        torch.block_diag(torch.ones(1, 2), torch.ones(2, 1)),
        torch.kron(torch.eye(2), torch.ones(1, 2)),
        torch.vander(torch.tensor([1.0, 2.0, 3.0])),
        torch.trace(torch.arange(4.0).view(2, 2)),
        torch.diagonal(torch.arange(6).view(2, 3)),
        torch.cross(torch.tensor([1.0, 0, 0]), torch.tensor([0, 1.0, 0]), dim=0),
    )

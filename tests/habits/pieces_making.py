"""Making tensors, as tutorials do. Each piece takes the library and gives what it computed."""


def from_lists(torch):
    x = torch.tensor([[1, 2], [3, 4]])
    return (
        x,
        x.float(),
        torch.tensor([1.5, 2.5]),
        torch.tensor(3),
        torch.tensor([True, False]),
        x.dtype == torch.int64,
    )


def zeros_and_ones(torch):
    return (
        torch.zeros(2, 3),
        torch.ones((2, 1)),
        torch.zeros(3, dtype=torch.int64),
        torch.full((2, 2), 7),
        torch.full((2,), 0.5),
    )


def like_another(torch):
    x = torch.tensor([[1.0, 2.0]], dtype=torch.float64)
    return (
        torch.zeros_like(x),
        torch.ones_like(x, dtype=torch.int32),
        torch.full_like(x, 3.0),
        x.new_zeros(2, 2),
        x.new_ones((1,)),
    )


def ranges(torch):
    return (
        torch.arange(5),
        torch.arange(2, 10, 3),
        torch.arange(0, 1, 0.25),
        torch.linspace(0, 1, 5),
        torch.logspace(0, 2, 3),
    )


def identity(torch):
    return torch.eye(3), torch.eye(2, 3), torch.diag(torch.tensor([1.0, 2.0]))


def dtypes(torch):
    x = torch.tensor([1.7, -2.3])
    return (
        x.int(),
        x.long(),
        x.double(),
        x.bool(),
        x.to(torch.float64),
        x.type(torch.int64),
        x.to(torch.int32).dtype == torch.int32,
    )


def numpy_and_back(torch):
    import numpy as np

    a = np.arange(6.0).reshape(2, 3)
    x = torch.from_numpy(a)
    return x, x.numpy().sum(), torch.as_tensor(a), torch.tensor(a, dtype=torch.float32), np.asarray(x).shape


def sizes(torch):
    x = torch.zeros(2, 3, 4)
    return (
        x.size(0),
        x.size(-1),
        list(x.size()),
        list(x.shape),
        x.dim(),
        x.numel(),
        len(x),
        x.ndim,
        x.nelement(),
    )


def numbers_out(torch):
    x = torch.tensor([[1.5, 2.0]])
    return x[0, 0].item(), x.tolist(), float(x[0, 1]), int(torch.tensor(3)), bool(torch.tensor(True))


def triangles(torch):
    x = torch.arange(9).view(3, 3)
    return torch.tril(x), torch.triu(x, diagonal=1), torch.tril_indices(3, 3), torch.triu_indices(2, 3, 1)


def grids(torch):
    a, b = torch.meshgrid(torch.arange(2), torch.arange(3), indexing="ij")
    return (
        a,
        b,
        torch.cartesian_prod(torch.tensor([1, 2]), torch.tensor([3, 4])),
        torch.combinations(torch.arange(3)),
    )


def a_device(torch):
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    x = torch.ones(2, device=device).to(device).cpu()
    return x, str(device), x.is_cuda


def seeded_shapes(torch):
    torch.manual_seed(0)
    a = torch.rand(3, 2)
    torch.manual_seed(0)
    b = torch.rand(3, 2)
    g = torch.Generator().manual_seed(1)
    c = torch.randn(4, generator=g)
    return (
        bool((a == b).all()),
        list(c.shape),
        torch.randint(0, 10, (5,)).dtype == torch.int64,
        sorted(torch.randperm(5).tolist()),
    )


def random_ranges(torch):
    torch.manual_seed(3)
    u, n, i = torch.rand(1000), torch.randn(1000), torch.randint(2, 5, (1000,))
    b, k = (
        torch.bernoulli(torch.full((1000,), 0.3)),
        torch.multinomial(torch.tensor([0.0, 1.0, 3.0]), 500, replacement=True),
    )
    return (
        bool((u >= 0).all()),
        bool((u < 1).all()),
        abs(n.mean().item()) < 0.2,
        i.min().item(),
        i.max().item(),
        0.2 < b.mean().item() < 0.4,
        k.min().item(),
    )

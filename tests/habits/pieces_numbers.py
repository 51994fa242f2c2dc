"""Words beside the everyday ones: special functions, values put into values, dtypes, volumes, alignments."""


def _x(torch):
    return torch.tensor([[0.5, -1.0, 2.0], [0.25, 3.0, -0.75]])


def _square(torch):
    return torch.tensor([[4.0, 1.0, 2.0], [1.0, 5.0, 3.0], [2.0, 3.0, 6.0]])


def gamma_functions(torch):
    x = torch.tensor([0.5, 1.0, 1.5, 3.0, 40.0, -0.5, -2.7], requires_grad=True)
    torch.lgamma(x).sum().backward()
    y = x.detach()
    return torch.lgamma(y), x.grad, y.digamma(), torch.polygamma(1, y.abs()), torch.special.gammaln(y)


def normal_quantiles(torch):
    x = torch.tensor([0.0, 0.1, -0.84, 0.99, 1.0], requires_grad=True)
    y = torch.erfinv(x)
    y[:4].sum().backward()
    return y, x.grad[:4], torch.special.ndtri(torch.tensor([0.025, 0.5, 0.975])), x.detach().clone().erfinv_()


def strides(torch):
    x = torch.zeros(2, 3, 4)
    return (
        x.stride(),
        x.transpose(0, 2).stride(),
        x.stride(1),
        x[:, ::2].stride(),
        x.expand(5, 2, 3, 4).stride(),
    )


def sizes(torch):
    x = _x(torch)
    return (
        x.shape == torch.Size([2, 3]),
        isinstance(x.shape, torch.Size),
        torch.Size([2, 3]).numel(),
        torch.broadcast_shapes((2, 1), (3,)),
        x.get_device(),
        x.is_cpu,
        x.type(),
        x.long().type(),
        x.type("torch.LongTensor"),
        x.type(torch.float64),
    )


def contained(torch):
    x = _x(torch)
    return 0.5 in x, 7.5 in x, 3 in torch.arange(4)


def kinds_of_numbers(torch):
    x, i = _x(torch), torch.arange(3)
    return (
        torch.result_type(x, i) == torch.float32,
        torch.result_type(i, 1.5) == torch.float32,
        torch.promote_types(torch.int32, torch.int64) == torch.int64,
        torch.can_cast(torch.float32, torch.int64),
        torch.can_cast(torch.int64, torch.float32),
    )


def values_into_values(torch):
    x, i = torch.zeros(3), torch.tensor([2, 0, 1])
    return (
        torch.zeros(2, 3).scatter_(1, torch.tensor([[0], [1]]), value=1),
        torch.zeros(3).put_(i, torch.arange(3.0)),
        torch.zeros(2, 2).put_(torch.tensor([1, 1, 3]), torch.ones(3), accumulate=True),
        x.index_put((i,), torch.arange(3.0)),
        torch.index_put(x, (torch.tensor([1, 1]),), torch.ones(2), accumulate=True),
        torch.slice_scatter(_x(torch), torch.zeros(1, 3), 0, 0, 1),
        torch.diagonal_scatter(_square(torch), torch.zeros(2), 1),
        _square(torch).fill_diagonal_(9.0),
        torch.zeros(2, 3).fill_diagonal_(1.0),
    )


def factors_of_matrices(torch):
    a, b = _square(torch), torch.tensor([[1.0], [2.0], [3.0]])
    low = torch.linalg.cholesky(a)
    u, s, v = torch.svd(a)
    q, r = torch.qr(a)
    return torch.cholesky_solve(b, low), s, u @ torch.diag(s) @ v.T, (q @ r), r.abs(), a.svd()[1]


def whole_numbers(torch):
    a, b = torch.tensor([4, 6, 0]), torch.tensor([6, 9, 5])
    return torch.gcd(a, b), a.lcm(b), torch.ldexp(_x(torch), torch.tensor([1, 2, -1]))


def lengths_limited(torch):
    return (
        _x(torch).renorm(2, 0, 1.0),
        _x(torch).sum_to_size(1, 3),
        torch.logaddexp2(_x(torch), _x(torch) * 2),
    )


def functions_without_module(torch):
    x, images = _x(torch), torch.arange(72.0).reshape(1, 2, 6, 6).sin()
    return (
        torch.conv2d(images, torch.ones(1, 2, 3, 3), padding=1).sum(),
        torch.max_pool2d(images, 2),
        torch.layer_norm(x, (3,)),
        torch.selu(x),
        torch.prelu(x, torch.tensor([0.1])),
        torch.dropout(x, 0.5, False),
        torch.clone(x),
        torch.detach(x),
    )


def derivatives_checked(torch):
    x = torch.tensor([0.5, 2.0], dtype=torch.float64, requires_grad=True)
    wrong = False
    try:
        with torch.autograd.detect_anomaly():
            (x * float("nan")).sum().backward()
    except RuntimeError:
        wrong = True
    return (
        torch.autograd.gradcheck(lambda x: x**3, (x,)),
        torch.autograd.gradcheck(lambda x: x.detach() * x, (x,), raise_exception=False),
        torch.autograd.gradgradcheck(lambda x: x**3, (x,)),
        wrong,
    )


def settings(torch):
    torch.set_default_dtype(torch.float32)
    torch.set_default_device("cpu")
    torch.set_float32_matmul_precision("highest")
    torch.set_printoptions(precision=4)
    return torch.get_default_dtype() == torch.float32, torch.get_float32_matmul_precision()


def volumes(torch):
    f = torch.nn.functional
    x = torch.arange(320.0).reshape(2, 2, 4, 5, 4).sin().requires_grad_()
    w = torch.arange(32.0).reshape(4, 1, 2, 2, 2).cos()
    y = f.conv3d(x, w, torch.ones(4), stride=(1, 2, 1), padding=(1, 0, 1), groups=2)
    y.pow(2).sum().backward()
    back = f.conv_transpose3d(y.detach(), w, stride=(1, 2, 1), groups=2, output_padding=(0, 1, 0))
    return y[0, :, 0], x.grad[1, 0, :2], back[0, 0, 0]


def pools_of_volumes(torch):
    f = torch.nn.functional
    x = torch.arange(320.0).reshape(2, 2, 4, 5, 4).sin()
    values, places = f.max_pool3d(x, 2, 1, 1, return_indices=True)
    return (
        values[0, 0, 0],
        places[0, 0, 1],
        f.avg_pool3d(x, 2, 2, 1, ceil_mode=True, count_include_pad=False)[0],
        f.adaptive_avg_pool3d(x, (3, None, 1))[0],
        f.adaptive_max_pool3d(x, 2)[1],
        f.lp_pool3d(x.abs(), 2, 2)[0],
    )


def alignment(torch):
    f = torch.nn.functional
    logits = (torch.arange(120.0).reshape(8, 3, 5).sin() * 3).requires_grad_()
    targets = torch.tensor([[1, 2, 2], [1, 1, 4], [3, 0, 0]])
    steps, lengths = torch.tensor([8, 7, 2]), torch.tensor([3, 3, 1])
    cost = torch.nn.CTCLoss()(logits.log_softmax(2), targets, steps, lengths)
    cost.backward()
    flat = torch.tensor([1, 2, 2, 1, 1, 4, 3])
    return cost, logits.grad[:2], f.ctc_loss(logits.log_softmax(2), flat, steps, lengths, reduction="none")


def layers_that_count(torch):
    model = torch.nn.Sequential(
        torch.nn.LazyConv2d(4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.LazyLinear(2)
    )
    y = model(torch.zeros(2, 3, 5, 5))
    return tuple(y.shape), [tuple(p.shape) for p in model.parameters()], str(model)

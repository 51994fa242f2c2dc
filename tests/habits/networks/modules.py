"""Modules of one's own: registering, hooks, printing, freezing, saving."""

import copy
import io
from collections import OrderedDict

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils import clip_grad_norm_, clip_grad_value_, parameters_to_vector, vector_to_parameters


def fill(model, scale=0.4):
    with torch.no_grad():
        for i, p in enumerate(model.parameters()):
            values = torch.sin(torch.arange(p.numel(), dtype=torch.float32) * 0.7 + i)
            p.copy_(values.reshape(p.shape) * scale)
    return model


def grid(rows, columns, shift=0.0):
    return torch.cos(torch.arange(rows * columns, dtype=torch.float32) * 1.3 + shift).reshape(rows, columns)


class Residual(nn.Module):
    def __init__(self, size, depth):
        super().__init__()
        self.blocks = nn.ModuleList([nn.Linear(size, size) for _ in range(depth)])
        self.scale = nn.Parameter(torch.ones(1) * 0.5)
        self.register_buffer("offset", torch.full((size,), 0.1))

    def forward(self, x):
        for block in self.blocks:
            x = x + self.scale * torch.tanh(block(x))
        return x + self.offset


def piece_a_module_with_a_list_a_parameter_and_a_buffer():
    model = fill(Residual(3, 2))
    y = model(grid(4, 3))
    y.pow(2).mean().backward()
    names = [n for n, _ in model.named_parameters()] + [n for n, _ in model.named_buffers()]
    return [names, list(model.state_dict()), y.sum().item(), model.scale.grad.item()]


def piece_printing_a_network():
    model = nn.Sequential(
        OrderedDict(
            [
                ("conv", nn.Conv2d(1, 20, 5, stride=2, padding=1)),
                ("relu", nn.ReLU(inplace=True)),
                ("norm", nn.BatchNorm2d(20)),
                ("pool", nn.MaxPool2d(kernel_size=2, stride=2)),
                ("flat", nn.Flatten()),
                ("head", nn.Sequential(nn.Linear(20, 10, bias=False), nn.Dropout(0.3), nn.Softmax(dim=1))),
            ]
        )
    )
    return [str(model)]


def piece_printing_other_layers():
    layers = [
        nn.Conv1d(3, 4, 5, groups=1), nn.ConvTranspose2d(4, 2, 3, output_padding=1, stride=2), nn.LayerNorm([3, 4]),
        nn.Embedding(10, 3, padding_idx=0), nn.LSTM(3, 4, num_layers=2, batch_first=True, dropout=0.5), nn.GRU(3, 4),
        nn.AvgPool2d(2), nn.AdaptiveAvgPool2d((1, 1)), nn.LeakyReLU(0.2), nn.ELU(), nn.GELU(), nn.Identity(),
        nn.Upsample(scale_factor=2), nn.GroupNorm(2, 4), nn.InstanceNorm2d(3), nn.CrossEntropyLoss(), nn.MSELoss(),
        nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU()]), nn.ModuleDict({"a": nn.Tanh()}),
        nn.PReLU(), nn.Softplus(), nn.ZeroPad2d(1), nn.PixelShuffle(2), nn.Unflatten(1, (2, 3)), nn.Bilinear(2, 3, 4),
        nn.RNN(2, 3, nonlinearity="relu"), nn.LSTMCell(2, 3), nn.Hardtanh(), nn.Threshold(1, 2), nn.GLU(), nn.BatchNorm1d(3),
    ]  # fmt: skip
    return [repr(layer) for layer in layers]


class Custom(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.n = n
        self.inner = nn.Linear(n, n)

    def extra_repr(self):
        return f"n={self.n}"


def piece_extra_repr():
    return [repr(Custom(3))]


def piece_looking_around_in_a_network():
    model = nn.Sequential(Residual(3, 2), nn.Sequential(nn.ReLU(), nn.Linear(3, 1)))
    return [
        [n for n, _ in model.named_modules()],
        [n for n, _ in model.named_children()],
        [type(m).__name__ for m in model.modules()],
        [tuple(p.shape) for p in model.parameters()],
        sum(p.numel() for p in model.parameters() if p.requires_grad),
        type(model.get_submodule("0.blocks.1")).__name__,
        tuple(model.get_parameter("1.1.weight").shape),
        len(model), type(model[-1][0]).__name__, len(model[1:]),
    ]  # fmt: skip


def init_weights(m):
    if isinstance(m, nn.Linear):
        nn.init.constant_(m.weight, 0.25)
        m.bias.data.fill_(0.01)


def piece_weights_initialised_by_apply():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    model.apply(init_weights)
    return model(torch.ones(2, 2)).flatten().tolist()


def piece_distribution_of_the_initialisers():
    torch.manual_seed(1)
    w = torch.empty(400, 300)
    found = []
    for init, deviation in (
        (lambda: nn.init.xavier_uniform_(w, gain=nn.init.calculate_gain("relu")), 2 / 700**0.5),
        (lambda: nn.init.xavier_normal_(w), (2 / 700) ** 0.5),
        (lambda: nn.init.kaiming_uniform_(w, mode="fan_in", nonlinearity="relu"), (2 / 300) ** 0.5),
        (lambda: nn.init.kaiming_normal_(w, mode="fan_out", nonlinearity="leaky_relu"), (2 / 400) ** 0.5),
        (lambda: nn.init.normal_(w, mean=1.0, std=0.02), 0.02),
        (lambda: nn.init.uniform_(w, -0.1, 0.1), 0.1 / 3**0.5),
        (lambda: nn.init.trunc_normal_(w, std=0.02), 0.02),
        (lambda: nn.init.orthogonal_(w), 1 / 400**0.5),
    ):
        init()
        found.append(abs(w.std().item() / deviation - 1) < 0.02)
    linear = nn.Linear(300, 400)
    bound = 1 / 300**0.5
    found += [
        abs(linear.weight.std().item() / bound * 3**0.5 - 1) < 0.02,
        0.95 * bound < linear.bias.abs().max().item() < bound,
    ]
    return found


def piece_forward_hooks_collect_activations():
    model = fill(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)))
    activations = {}

    def get(name):
        def hook(module, args, output):
            activations[name] = output.detach()

        return hook

    handles = [m.register_forward_hook(get(n)) for n, m in model.named_children()]
    model(grid(2, 3))
    for h in handles:
        h.remove()
    activations["after"] = None
    model(grid(2, 3, 1.0))
    return [sorted(activations), activations["1"].sum().item(), activations["2"].flatten().tolist()]


def piece_hooks_that_change_what_passes():
    layer = fill(nn.Linear(2, 2))
    layer.register_forward_pre_hook(lambda module, args: (args[0] * 2,))
    layer.register_forward_hook(lambda module, args, output: output + 1)
    return layer(torch.ones(1, 2)).flatten().tolist()


def piece_backward_hooks_see_gradients():
    model = fill(nn.Sequential(nn.Linear(3, 2), nn.Tanh()))
    seen = []

    def hook(module, grad_input, grad_output):
        seen.append((type(module).__name__, grad_output[0].sum().item(), grad_input[0].sum().item()))

    for m in model:
        m.register_full_backward_hook(hook)
    x = grid(4, 3).requires_grad_()
    model(x).pow(2).sum().backward()
    return [*seen, x.grad.sum().item()]


def piece_gradient_hooks_on_tensors():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    seen = []
    handle = w.register_hook(lambda g: seen.append(g.tolist()))
    (w * w).sum().backward()
    handle.remove()
    w.register_hook(lambda g: g * 10)
    (w * 3).sum().backward()
    return [seen, w.grad.tolist()]


def piece_a_frozen_base_and_a_new_head():
    base = fill(nn.Sequential(nn.Linear(4, 6), nn.ReLU()))
    for param in base.parameters():
        param.requires_grad = False
    model = nn.Sequential(base, nn.Linear(6, 2))
    fill(model[1])
    opt = torch.optim.SGD(filter(lambda p: p.requires_grad, model.parameters()), lr=0.1)
    before = base[0].weight.clone()
    for _ in range(5):
        loss = F.cross_entropy(model(grid(6, 4)), torch.tensor([0, 1, 0, 1, 1, 0]))
        opt.zero_grad()
        loss.backward()
        opt.step()
    return [loss.item(), torch.equal(before, base[0].weight), base[0].weight.grad is None]


def piece_head_replaced_and_state_loaded_without_it():
    old = fill(nn.Sequential(OrderedDict([("body", nn.Linear(3, 4)), ("head", nn.Linear(4, 5))])))
    new = fill(nn.Sequential(OrderedDict([("body", nn.Linear(3, 4)), ("head", nn.Linear(4, 2))])), 0.1)
    state = {k: v for k, v in old.state_dict().items() if not k.startswith("head")}
    missing, unexpected = new.load_state_dict(state, strict=False)
    old.head = nn.Linear(4, 2)
    return [missing, unexpected, new.body.weight.sum().item(), tuple(old.head.weight.shape)]


def piece_a_checkpoint_saved_and_resumed():
    model, x, y = fill(nn.Linear(3, 2)), grid(5, 3), grid(5, 2, 1.0)
    opt = torch.optim.Adam(model.parameters(), lr=0.05)

    def steps(m, o, count):
        for _ in range(count):
            loss = F.mse_loss(m(x), y)
            o.zero_grad()
            loss.backward()
            o.step()
        return loss.item()

    steps(model, opt, 3)
    buffer = io.BytesIO()
    torch.save(
        {"epoch": 3, "model_state_dict": model.state_dict(), "optimizer_state_dict": opt.state_dict()}, buffer
    )
    buffer.seek(0)
    checkpoint = torch.load(buffer, map_location=torch.device("cpu"))
    other = nn.Linear(3, 2)
    other.load_state_dict(checkpoint["model_state_dict"])
    resumed = torch.optim.Adam(other.parameters(), lr=0.01)
    resumed.load_state_dict(checkpoint["optimizer_state_dict"])
    return [
        checkpoint["epoch"],
        resumed.param_groups[0]["lr"],
        steps(model, opt, 3),
        steps(other, resumed, 3),
    ]


def piece_weights_shared_between_layers():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(5, 3)
            self.out = nn.Linear(3, 5, bias=False)
            self.out.weight = self.embed.weight

        def forward(self, i):
            return self.out(self.embed(i))

    model = fill(Tied())
    loss = F.cross_entropy(model(torch.tensor([0, 3])), torch.tensor([3, 0]))
    loss.backward()
    return [
        len(list(model.parameters())),
        list(model.state_dict()),
        loss.item(),
        model.embed.weight.grad.sum().item(),
    ]


def piece_copies_and_moving_averages():
    model = fill(nn.Linear(2, 2))
    ema = copy.deepcopy(model)
    fill(model, 0.8)
    with torch.no_grad():
        for e, p in zip(ema.parameters(), model.parameters()):
            e.mul_(0.9).add_(p, alpha=0.1)
    return ema.weight.flatten().tolist() + ema.bias.tolist()


def piece_gradients_clipped():
    model = fill(nn.Linear(3, 2))
    (model(grid(4, 3)) ** 2).sum().backward()
    norm = clip_grad_norm_(model.parameters(), max_norm=1.0)
    clipped = torch.cat([p.grad.flatten() for p in model.parameters()]).norm()
    clip_grad_value_(model.parameters(), 0.2)
    return [norm.item(), clipped.item(), max(p.grad.abs().max().item() for p in model.parameters())]


def piece_parameters_as_a_vector():
    model = fill(nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1)))
    vector = parameters_to_vector(model.parameters())
    vector_to_parameters(vector * 2, model.parameters())
    return [vector.shape[0], vector.sum().item(), model[1].bias.item()]


def piece_weight_norm():
    layer = nn.utils.weight_norm(fill(nn.Linear(3, 2)), name="weight")
    y = layer(grid(2, 3))
    y.sum().backward()
    return [
        sorted(n for n, _ in layer.named_parameters()),
        y.sum().item(),
        layer.weight_g.grad.flatten().tolist(),
    ]


def piece_containers():
    layers = nn.ModuleDict({"conv": nn.Conv2d(1, 2, 3), "pool": nn.MaxPool2d(2)})
    acts = nn.ModuleDict([["lrelu", nn.LeakyReLU()], ["prelu", nn.PReLU()]])
    params = nn.ParameterList([nn.Parameter(torch.ones(2) * i) for i in range(3)])
    by_name = nn.ParameterDict({"w": nn.Parameter(torch.zeros(2, 2))})
    more = nn.Sequential(nn.Linear(1, 2))
    more.append(nn.ReLU()).extend([nn.Linear(2, 1)])
    more.insert(1, nn.Tanh())
    return [
        list(layers), list(acts.keys()), "pool" in layers, sum(p.sum().item() for p in params), list(by_name),
        [type(m).__name__ for m in more], [n for n, _ in nn.ModuleList([nn.ReLU(), nn.Tanh()]).named_children()],
    ]  # fmt: skip


def piece_errors_by_kind():
    class Forgot(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(1, 1)

    def caught(f, *kinds):
        try:
            f()
        except kinds:
            return True
        except Exception:
            return False
        return False

    model = nn.Linear(2, 2)
    return [
        caught(Forgot, AttributeError),
        caught(lambda: setattr(model, "weight", torch.ones(2, 2)), TypeError),
        caught(lambda: model.register_buffer("a.b", torch.ones(1)), KeyError),
        caught(lambda: model.register_parameter("forward", None), KeyError),
        caught(lambda: model.load_state_dict({}), RuntimeError),
        caught(
            lambda: model.load_state_dict({"weight": torch.ones(3, 2), "bias": torch.ones(2)}), RuntimeError
        ),
        caught(lambda: model.nothing, AttributeError),
        caught(lambda: nn.Sequential("a"), TypeError),
        caught(lambda: nn.Dropout(1.5), ValueError),
        caught(lambda: nn.BCELoss()(torch.ones(2) * 0.5, torch.ones(3)), ValueError),
        caught(lambda: torch.ones(2, 3) @ torch.ones(2), RuntimeError),
        caught(lambda: torch.ones(6).view(4), RuntimeError),
        caught(lambda: torch.ones(2, 3).sum(dim=2), IndexError),
        caught(lambda: torch.ones(2).long().requires_grad_(), RuntimeError),
    ]


def piece_zero_grad_in_both_ways():
    model = nn.Linear(2, 1)
    model(torch.ones(1, 2)).sum().backward()
    model.zero_grad(set_to_none=False)
    zeros = model.weight.grad.tolist()
    model.zero_grad()
    return [zeros, model.weight.grad is None, model.training, model.eval().training]


def piece_double_precision():
    model = fill(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))).double()
    y = model(grid(4, 2).double())
    return [str(y.dtype).split(".")[-1], y.sum().item(), str(model.float()[0].weight.dtype).split(".")[-1]]

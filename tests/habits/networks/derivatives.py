"""Autograd by hand: functions of one's own, gradients of gradients, functional transforms."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Function, grad
from torch.func import functional_call, jacrev


def fill(model, scale=0.4):
    with torch.no_grad():
        for i, p in enumerate(model.parameters()):
            values = torch.sin(torch.arange(p.numel(), dtype=torch.float32) * 0.7 + i)
            p.copy_(values.reshape(p.shape) * scale)
    return model


class LegendrePolynomial3(Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return 0.5 * (5 * input**3 - 3 * input)

    @staticmethod
    def backward(ctx, grad_output):
        (input,) = ctx.saved_tensors
        return grad_output * 1.5 * (5 * input**2 - 1)


def piece_a_polynomial_as_a_function():
    x = torch.linspace(-1, 1, 11)
    a, b, c, d = (torch.full((), v, requires_grad=True) for v in (0.0, -1.0, 0.0, 0.3))
    P3 = LegendrePolynomial3.apply
    for _ in range(20):
        loss = (a + b * P3(c + d * x) - torch.sin(3 * x)).pow(2).sum()
        loss.backward()
        with torch.no_grad():
            for p in (a, b, c, d):
                p -= 1e-2 * p.grad
                p.grad = None
    return [loss.item(), a.item(), b.item(), c.item(), d.item()]


class MyReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, grad_output):
        (x,) = ctx.saved_tensors
        grad_input = grad_output.clone()
        grad_input[x < 0] = 0
        return grad_input


def piece_relu_as_a_function():
    x = torch.tensor([-1.0, 2.0, -3.0, 4.0], requires_grad=True)
    (MyReLU.apply(x) * torch.tensor([1.0, 2.0, 3.0, 4.0])).sum().backward()
    return x.grad.tolist()


class StraightThrough(Function):
    @staticmethod
    def forward(ctx, x):
        return (x > 0).float()

    @staticmethod
    def backward(ctx, grad_output):
        return F.hardtanh(grad_output)


class LinearFunction(Function):
    @staticmethod
    def forward(ctx, input, weight, bias=None):
        ctx.save_for_backward(input, weight, bias)
        output = input.mm(weight.t())
        if bias is not None:
            output += bias.unsqueeze(0).expand_as(output)
        return output

    @staticmethod
    def backward(ctx, grad_output):
        input, weight, bias = ctx.saved_tensors
        grad_input = grad_weight = grad_bias = None
        if ctx.needs_input_grad[0]:
            grad_input = grad_output.mm(weight)
        if ctx.needs_input_grad[1]:
            grad_weight = grad_output.t().mm(input)
        if bias is not None and ctx.needs_input_grad[2]:
            grad_bias = grad_output.sum(0)
        return grad_input, grad_weight, grad_bias


def piece_straight_through_estimator():
    x = torch.tensor([-0.5, 0.2, 3.0], requires_grad=True)
    y = StraightThrough.apply(x)
    (y * torch.tensor([0.5, 2.0, -3.0])).sum().backward()
    return [y.tolist(), x.grad.tolist()]


def piece_linear_layer_from_a_function():
    x = torch.arange(6.0).reshape(2, 3)
    w = torch.ones(2, 3, requires_grad=True)
    b = torch.zeros(2, requires_grad=True)
    LinearFunction.apply(x, w, b).pow(2).sum().backward()
    return [w.grad.tolist(), b.grad.tolist()]


def piece_gradient_penalty():
    critic = fill(nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1)))
    x = torch.arange(8.0).reshape(4, 2).div(8).requires_grad_()
    gradients = grad(
        outputs=critic(x), inputs=x, grad_outputs=torch.ones(4, 1), create_graph=True, retain_graph=True
    )[0]
    penalty = ((gradients.norm(2, dim=1) - 1) ** 2).mean()
    penalty.backward()
    return [penalty.item(), critic[0].weight.grad.sum().item()]


def piece_second_derivatives():
    x = torch.tensor(2.0, requires_grad=True)
    y = x**4
    (first,) = torch.autograd.grad(y, x, create_graph=True)
    (second,) = torch.autograd.grad(first, x, create_graph=True)
    (third,) = torch.autograd.grad(second, x)
    return [first.item(), second.item(), third.item()]


def piece_hessian_vector_product():
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    v = torch.tensor([1.0, 0.0, -1.0])
    y = (x**3).sum() + x[0] * x[1]
    (g,) = torch.autograd.grad(y, x, create_graph=True)
    (hv,) = torch.autograd.grad((g * v).sum(), x)
    return hv.tolist()


def piece_unused_inputs():
    a, b = torch.ones(2, requires_grad=True), torch.ones(3, requires_grad=True)
    found = torch.autograd.grad((a * 2).sum(), [a, b], allow_unused=True)
    return [found[0].tolist(), found[1] is None]


def piece_a_physics_informed_step():
    net = fill(nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1)))
    opt = torch.optim.Adam(net.parameters(), lr=1e-2)
    t = torch.linspace(0, 1, 9).view(-1, 1).requires_grad_(True)
    for _ in range(5):
        opt.zero_grad()
        u = net(t)
        dudt = torch.autograd.grad(u, t, torch.ones_like(u), create_graph=True)[0]
        loss = torch.mean((dudt + u) ** 2) + (net(torch.zeros(1, 1)) - 1).pow(2).mean()
        loss.backward()
        opt.step()
    return [loss.item()]


def piece_functional_transforms():
    x, y = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    f = lambda a, b: (a * b.sin()).sum()
    value, pull = torch.func.vjp(lambda a: a**2, x)
    out, tangent = torch.func.jvp(lambda a: a**3, (x,), (torch.ones(2),))
    return [
        torch.func.grad(f)(x, y).tolist(),
        [g.tolist() for g in torch.func.grad(f, argnums=(0, 1))(x, y)],
        jacrev(lambda a: torch.stack([a[0] * a[1], a[0] ** 2]))(x).tolist(),
        torch.func.jacfwd(lambda a: a * y)(x).tolist(),
        torch.func.hessian(lambda a: (a**3).sum())(x).tolist(),
        value.tolist(), pull(torch.ones(2))[0].tolist(), out.tolist(), tangent.tolist(),
    ]  # fmt: skip


def piece_functional_call_and_meta_learning():
    model = fill(nn.Linear(2, 1))
    params = dict(model.named_parameters())
    x, y = torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0]])
    loss = F.mse_loss(functional_call(model, params, (x,)), y)
    grads = torch.autograd.grad(loss, list(params.values()), create_graph=True)
    adapted = {n: p - 0.1 * g for (n, p), g in zip(params.items(), grads)}
    outer = F.mse_loss(functional_call(model, adapted, (x,)), y)
    outer.backward()
    return [loss.item(), outer.item(), model.weight.grad.flatten().tolist()]


def piece_modes():
    x = torch.ones(2, requires_grad=True)
    found = []
    with torch.no_grad():
        found.append((x * 2).requires_grad)
        with torch.enable_grad():
            found.append((x * 2).requires_grad)
    with torch.set_grad_enabled(False):
        found.append((x * 2).requires_grad)
    with torch.inference_mode():
        found.append((x * 2).requires_grad)

    @torch.no_grad()
    def evaluate():
        return (x * 2).requires_grad

    return [*found, evaluate(), torch.is_grad_enabled(), x.detach().requires_grad, x.is_leaf, (x * 2).is_leaf]

"""Random straight-line programs of assignments, slices, views and graphs: eager, compiled and PyTorch agree.

    python tests/habits/random_words.py 2000          eager against compiled
    python tests/habits/random_words.py 2000 torch    and both against PyTorch (extra oracle)

A program is a list of lines in variables `x` (2 x 3, assigned to), `w` (3, requires a gradient) and what is
made of them. Its value is x and the gradient of a sum with respect to w. Half of them keep a view v of x, and
read it after x was changed: it shows the change, or where a graph may go through it, raises. Lines that
change something through a view have to fail with RuntimeError, and only here: PyTorch changes the base.
"""

import random
import sys

import numpy as np

SCALARS = ["0.5", "-1.0", "2.0"]
KEYS = ["[0]", "[1]", "[:, 1]", "[0, 2]", "[:, ::2]", "[1, :2]", "[..., -1]"]
ROWS = ["w", "x[1].clone()", "w * 0.5", "w + x[0].clone()", "1.5"]
SAFE = [
    "x += {s}",
    "x *= {s}",
    "x -= y",
    "x.add_({s})",
    "x.mul_(y)",
    "x.clamp_(-3.0, 3.0)",
    "x.neg_()",
    "x.abs_()",
    "x.sub_(y, alpha=2)",
    "x[0] = {r}",
    "x[1] = {r}",
    "x{k} = {s}",
    "x{k} += {s}",
    "x{k} *= {s}",
    "x[x > 1] = {s}",
    "x[x < 0] *= {s}",
    "x.masked_fill_(x > 2, {s})",
    "x.zero_()",
    "x.fill_({s})",
    "x.copy_(y)",
    "x.lerp_(y, 0.5)",
    "y = x * w",
    "y = x.t().clone().t() + w",
    "y = x.clone()",
    "y = x + {s}",
    "y = (x * x).tanh()",
    "y = x.flip(1) * 1",
    "y = x.reshape(3, 2).t() * w",
    "x[:, 0] = y[:, 1] * 1",
    "x[torch.tensor([1, 0])] = y * 1",
    "x.tanh_()",
    "x.sigmoid_()",
    "x.tril_()",
    "y = torch.where(x > 0, x, y)",
    "x = x.detach().clone()",
    "y = x.sum(0) * w + x",
]
#: Views that are kept, and read after changes; v is one of x from the beginning on.
KEPT = [
    "v = x[1]",
    "v = x.detach()[0]",
    "v = x.t()[:, 1]",
    "v = x.view(-1)[1:4]",
    "v = x.reshape(3, 2).t()[0]",
    "v = x.unbind()[1]",
    "v = x.narrow(1, 0, 3)[0].view(3)",
    "v = v.flatten()",
    "y = y + v",
    "x[1] = v * 0.5",
    "x += v * 1",
    "y = torch.where(x > v, v, x)",
]
THROUGH_VIEWS = [
    "v = x[0]; v += {s}",
    "v = x.view(6); v.mul_({s})",
    "v = x.t(); v[0] = {s}",
    "v = x[:, 1]; v.zero_()",
    "v = x.reshape(3, 2); v.add_({s})",
    "v = x.transpose(0, 1); v.fill_({s})",
    "x[0].mul_({s})",
    "x[1][0] = {s}",
    "v = x.detach(); v.zero_()",
    "v = x.unsqueeze(0); v -= {s}",
    "v = x.chunk(2)[0]; v.neg_()",
    "v = x.narrow(0, 0, 1); v.exp_()",
]


def line(rng, templates):
    template = rng.choice(templates)
    return template.format(s=rng.choice(SCALARS), k=rng.choice(KEYS), r=rng.choice(ROWS))


def program(seed):
    """(lines, whether the last of them changes something through a view)."""
    rng = random.Random(seed)
    lines = [line(rng, SAFE) for _ in range(rng.randint(2, 7))]
    if rng.random() < 0.5:
        lines = [x for x in lines if "w" not in x.replace("where", "")] if rng.random() < 0.7 else lines
        for at in sorted(rng.sample(range(len(lines) + 4), 4)):
            lines.insert(at, line(rng, KEPT))
    through = rng.random() < 0.15
    if through:
        lines.append(line(rng, THROUGH_VIEWS))
    return lines, through


def function(lines, torch):
    """The program as a function of the two tensors it starts from, and of w."""
    body = "\n".join(f"    {x}" for x in lines)
    first = "    x, y = a.clone(), b.clone()\n    v = x[0]\n"
    text = f"def f(a, b, w):\n{first}{body}\n    return x, y, (x * y + x).sum()\n"
    names = {"torch": torch}
    exec(text, names)
    return names["f"]


def starts(seed):
    rng = np.random.default_rng(seed)
    a, b, w = (rng.normal(size=shape).astype(np.float32) for shape in ((2, 3), (2, 3), (3,)))
    return a, b, w


def run(f, seed, torch, wrapped=lambda f: f):
    a, b, w = starts(seed)
    w = torch.tensor(w, requires_grad=True)

    def whole(a, b):
        x, y, total = f(a, b, w)
        w.grad = None
        if total.requires_grad:
            total.backward()
        return x.detach() * 1, y.detach() * 1, torch.zeros(3) if w.grad is None else w.grad * 1

    found = wrapped(whole)(torch.tensor(a), torch.tensor(b))
    return [np.array(x.detach()) for x in found]


def differs(one, two):
    return not all(
        np.allclose(p, q, rtol=1e-4, atol=1e-5, equal_nan=True) for p, q in zip(one, two, strict=True)
    )


def check(seed, tg, torch=None, compiled=True):
    """What is wrong with the program of this seed, or None."""
    lines, through = program(seed)
    f = function(lines, tg)
    try:
        eager = run(f, seed, tg)
    except RuntimeError as error:
        if through and "view" in str(error):
            return None
        if "view of one that was changed" in str(error) and "w" in "".join(lines).replace("where", ""):
            return None  # of a view that a graph goes through
        return None if _fails(function(lines, torch), seed, torch) else f"{lines}: {error}"
    if through:
        return f"{lines}: a change through a view was not refused"
    counted = any("[x < 0] *=" in x for x in lines)  # a shape that depends on numbers: programs refuse it
    if compiled and not counted:
        native = run(f, seed, tg, tg.jit)
        if differs(eager, native):
            return f"{lines}: eager {eager}, compiled {native}"
    if torch is not None:
        try:
            theirs = run(function(lines, torch), seed, torch)
        except RuntimeError as error:  # it did not keep what the gradient needs; here it is kept
            return None if "modified by an inplace operation" in str(error) else f"{lines}: there {error}"
        if differs(eager, theirs):
            return f"{lines}: here {eager}, there {theirs}"
    return None


def _fails(f, seed, torch):
    """Whether PyTorch refuses the program too; without it, nothing is known against one."""
    if torch is None:
        return True
    try:
        run(f, seed, torch)
    except RuntimeError as error:
        return "modified by an inplace operation" in str(error)
    return False


def main():
    import tinygrad_mnist as tg

    torch = None
    if "torch" in sys.argv:
        import torch
    count = int(sys.argv[1])
    wrong = [x for x in (check(seed, tg, torch, "eager" not in sys.argv) for seed in range(count)) if x]
    print(*wrong[:8], f"{len(wrong)} of {count} programs are wrong", sep="\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())

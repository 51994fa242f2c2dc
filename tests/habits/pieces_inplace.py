"""Assignments and in-place words, and gradients around them."""


def assignment(torch):
    x = torch.zeros(3, 4)
    x[0] = 1
    x[1, 2] = 5
    x[:, -1] = torch.tensor([7.0, 8.0, 9.0])
    x[2, 1:3] = torch.tensor([1.0, 2.0])
    return x


def assignment_after_a_view_of_nothing_else(torch):
    x = torch.arange(12).reshape(3, 4)
    x[0] = 100
    x[1:, ::2] = -1
    return x


def masks(torch):
    x = torch.tensor([-1.0, 2.0, -3.0, 4.0])
    x[x < 0] = 0
    y = x.clone()
    y[y > 3] *= 2
    y[torch.tensor([0, 2])] = torch.tensor([5.0, 6.0])
    return x, y


def counters(torch):
    counts = torch.zeros(4, dtype=torch.int64)
    for i in [0, 2, 2, 3]:
        counts[i] += 1
    table = torch.zeros(3, 3)
    for a, b in [(0, 1), (1, 2), (0, 1)]:
        table[a, b] += 1
    return counts, table, table / table.sum(1, keepdim=True).clamp(min=1)


def arithmetic(torch):
    x = torch.tensor([1.0, 2.0, 3.0])
    x += 1
    x *= 2
    x -= torch.tensor([1.0, 1.0, 1.0])
    x /= 2
    x.add_(1).mul_(3).sub_(0.5).div_(2)
    x.clamp_(0, 4)
    return x


def same_object(torch):
    x = y = torch.ones(2)
    x += 1
    return y, x is y


def filling(torch):
    x = torch.ones(2, 2)
    x.fill_(3)
    y = torch.ones(2).zero_()
    z = torch.zeros(3)
    z.copy_(torch.tensor([1, 2, 3]))
    return x, y, z


def chains(torch):
    x = torch.tensor([1.0, 4.0, 9.0])
    return x.sqrt_().neg_().abs_().pow_(2), x, x.exp_().log_(), x.round_()


def masked_words(torch):
    x = torch.arange(4.0)
    x.masked_fill_(x > 2, -1)
    y = torch.zeros(3, 3)
    y.scatter_(1, torch.tensor([[0], [2], [1]]), 1.0)
    y.index_add_(0, torch.tensor([0, 0]), torch.ones(2, 3))
    return x, y


def step_by_hand(torch):
    w = torch.tensor([1.0, -2.0], requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    x, t = torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([1.0, 0.0])
    for _ in range(5):
        loss = ((x @ w + b - t) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            w -= 0.05 * w.grad
            b -= 0.05 * b.grad
            w.grad.zero_()
            b.grad.zero_()
    return w, b, loss


def step_by_data(torch):
    params = [torch.tensor([[0.5]], requires_grad=True), torch.tensor([0.1], requires_grad=True)]
    for _ in range(3):
        for p in params:
            p.grad = None
        loss = (torch.tensor([[2.0]]) @ params[0] + params[1] - 3).pow(2).sum()
        loss.backward()
        for p in params:
            p.data -= 0.1 * p.grad
    return params[0], params[1], loss


def data_words(torch):
    w = torch.ones(3, requires_grad=True)
    w.data.mul_(2)
    w.data[0] = 5
    w.data.clamp_(max=4)
    w.data = w.data + 1
    return w, w.requires_grad, w.is_leaf


def gradient_through_assignment(torch):
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    x = torch.zeros(3)
    x[1:] = w * w
    x[0] = w.sum()
    (x * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    return x, w.grad


def gradient_through_words(torch):
    w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = w * 2
    y += 1
    y *= w
    y[0] = 0
    y.sum().backward()
    return y, w.grad


def before_and_after(torch):
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    h = w * 3
    a = h + 1
    h.mul_(2)
    (a.sum() + h.sum()).backward()
    return a, h, w.grad


def accumulate(torch):
    total = torch.zeros(2)
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    for k in range(3):
        total += w * k
    total.sum().backward()
    return total, w.grad


def gradients_add_up(torch):
    x = torch.tensor(2.0, requires_grad=True)
    (x**2).backward()
    (x**3).backward()
    g = x.grad.clone()
    x.grad = None
    (x * 3).backward()
    return g, x.grad


def graph_words(torch):
    x = torch.tensor([2.0], requires_grad=True)
    y = x * x
    y.retain_grad()
    z = y + 1
    seen = []
    handle = y.register_hook(lambda g: seen.append(g.item()))
    z.sum().backward()
    handle.remove()
    d = y.detach()
    return (
        y.grad,
        x.grad,
        seen,
        x.is_leaf,
        y.is_leaf,
        y.grad_fn is not None,
        x.grad_fn is None,
        d.requires_grad,
        z.requires_grad,
    )


def hooks_change_gradients(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2
    y.register_hook(lambda g: g * 10)
    y.sum().backward()
    return x.grad


def no_grad_blocks(torch):
    x = torch.ones(2, requires_grad=True)
    with torch.no_grad():
        y = x * 2
    z = (x * 2).detach()
    return y.requires_grad, z.requires_grad, (x + z).requires_grad


def detached_state(torch):
    w = torch.tensor(0.5, requires_grad=True)
    h = torch.zeros(1)
    for _ in range(3):
        h = (w * h + 1).detach()
    h = w * h
    h.sum().backward()
    return h, w.grad


def swaps(torch):
    x = torch.arange(4)
    x[0], x[3] = x[3].clone(), x[0].clone()
    return x


def standardised(torch):
    x = torch.arange(6.0).view(3, 2)
    x -= x.mean(0)
    x /= x.std(0)
    return x


def bubble_sort(torch):
    x = torch.tensor([4, 2, 3, 1])
    for i in range(4):
        for j in range(3 - i):
            if x[j] > x[j + 1]:
                x[j], x[j + 1] = x[j + 1].item(), x[j].item()
    return x


def game_of_life(torch):
    board = torch.zeros(5, 5, dtype=torch.int64)
    board[2, 1:4] = 1
    for _ in range(3):
        around = sum(board.roll((i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1)) - board
        board = ((around == 3) | ((board == 1) & (around == 2))).long()
    return board


def sinusoids(torch):
    position = torch.arange(4).unsqueeze(1)
    rate = torch.exp(torch.arange(0, 6, 2) * (-torch.log(torch.tensor(10000.0)) / 6))
    table = torch.zeros(4, 6)
    table[:, 0::2] = torch.sin(position * rate)
    table[:, 1::2] = torch.cos(position * rate)
    return table


def causal_mask(torch):
    scores = torch.arange(9.0).view(3, 3)
    mask = torch.tril(torch.ones(3, 3))
    return scores.masked_fill(mask == 0, float("-inf")).softmax(dim=-1)


def power_method(torch):
    a, v = torch.tensor([[2.0, 1.0], [1.0, 3.0]]), torch.ones(2)
    for _ in range(30):
        v = a @ v
        v /= v.norm()
    return v.abs(), v @ a @ v


def kmeans(torch):
    points = torch.tensor([[0.0, 0.1], [0.2, 0.0], [5.0, 5.1], [5.2, 4.9]])
    centres = points[[0, 2]].clone()
    for _ in range(3):
        nearest = torch.cdist(points, centres).argmin(dim=1)
        for k in range(2):
            centres[k] = points[nearest == k].mean(dim=0)
    return centres, nearest


def polynomial_fit(torch):
    x = torch.linspace(-1, 1, 20)
    y = torch.sin(x)
    a = torch.zeros(4, requires_grad=True)
    for _ in range(50):
        loss = (a[0] + a[1] * x + a[2] * x**2 + a[3] * x**3 - y).pow(2).sum()
        loss.backward()
        with torch.no_grad():
            a -= 0.02 * a.grad
            a.grad.zero_()
    return a, loss


def two_layers(torch):
    x = torch.linspace(-1, 1, 8).view(4, 2)
    w1 = torch.linspace(-0.5, 0.5, 6).view(2, 3).requires_grad_()
    w2 = torch.linspace(0.3, -0.3, 3).view(3, 1).requires_grad_()
    for _ in range(4):
        hidden = x.mm(w1).clamp(min=0)
        loss = (hidden.mm(w2) - 1).pow(2).mean()
        for w in (w1, w2):
            w.grad = None
        loss.backward()
        with torch.no_grad():
            for w in (w1, w2):
                w -= 0.1 * w.grad
    return w1, w2, loss


def cross_entropy_by_hand(torch):
    logits = torch.tensor([[1.0, 2.0, 0.5], [0.1, 0.2, 3.0]], requires_grad=True)
    labels = torch.tensor([1, 0])
    p = logits.exp() / logits.exp().sum(dim=1, keepdim=True)
    loss = -p[torch.arange(2), labels].log().mean()
    loss.backward()
    return loss, logits.grad

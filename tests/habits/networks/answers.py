"""Answers of the kind forums give: one operation or idiom each."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


def fixed(*shape, seed=0, scale=1.0):
    return torch.from_numpy(np.random.RandomState(seed).randn(*shape) * scale).float()


def settle(model, scale=0.3):
    for i, (name, p) in enumerate(model.named_parameters()):
        p.data.copy_(torch.cos(torch.arange(p.numel()) * 0.9 + i).reshape(p.shape) * scale)
    return model


def piece_inplace_shapes():
    x = torch.arange(6.0)
    x.unsqueeze_(0)
    a = list(x.shape)
    x.squeeze_()
    y = torch.arange(6.0).view(2, 3).clone()
    y.t_()
    z = y.clone()
    z.transpose_(0, 1)
    return a, list(x.shape), y.tolist(), z.tolist()


def piece_linalg():
    A = fixed(3, 3)
    S = A @ A.T + 3 * torch.eye(3)
    b = fixed(3, 2, seed=1)
    L = torch.linalg.cholesky(S)
    w, V = torch.linalg.eigh(S)
    U, s, Vh = torch.linalg.svd(fixed(4, 3, seed=2), full_matrices=False)
    Q, R = torch.linalg.qr(fixed(4, 3, seed=2))
    x = torch.linalg.lstsq(fixed(5, 2, seed=3), fixed(5, 1, seed=4)).solution
    return [
        torch.linalg.inv(S).tolist(),
        torch.linalg.det(S).item(),
        torch.linalg.solve(S, b).tolist(),
        L.tolist(),
        w.tolist(),
        (V @ torch.diag(w) @ V.T).tolist(),
        s.tolist(),
        (Q @ R).tolist(),
        x.tolist(),
        torch.linalg.norm(A).item(),
        torch.linalg.norm(A, ord=2).item(),
        torch.linalg.norm(A, dim=1).tolist(),
        torch.linalg.matrix_norm(A).item(),
        torch.linalg.vector_norm(A, ord=3).item(),
        torch.linalg.pinv(fixed(4, 3, seed=2)).tolist(),
        torch.linalg.matrix_rank(torch.ones(3, 3)).item(),
        torch.linalg.slogdet(S).logabsdet.item(),
        torch.linalg.eigvalsh(S).tolist(),
        torch.linalg.svdvals(A).tolist(),
        torch.linalg.matrix_power(A, 3).tolist(),
        torch.linalg.multi_dot([A, S, b]).tolist(),
        torch.linalg.cond(S).item(),
        torch.linalg.cross(A[0], A[1]).tolist(),
        torch.trace(A).item(),
        torch.logdet(S).item(),
        torch.det(S).item(),
        torch.inverse(S).tolist(),
    ]


def piece_sdpa():
    q, k, v = fixed(2, 2, 4, 8), fixed(2, 2, 4, 8, seed=1), fixed(2, 2, 4, 8, seed=2)
    a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    m = torch.tensor([[True, False, True, True]] * 4)
    b = F.scaled_dot_product_attention(q, k, v, attn_mask=m, dropout_p=0.0)
    c = F.scaled_dot_product_attention(
        q, k, v, attn_mask=torch.zeros(4, 4).masked_fill(~m, float("-inf")), scale=0.5
    )
    return a.tolist(), b.tolist(), c.tolist()


def piece_scatter_gather():
    src = torch.arange(1, 11).reshape((2, 5))
    index = torch.tensor([[0, 1, 2, 0]])
    a = torch.zeros(3, 5, dtype=src.dtype).scatter_(0, index, src)
    b = torch.full((2, 4), 2.0).scatter_(1, torch.tensor([[2], [3]]), 1.23)
    c = torch.full((2, 4), 2.0).scatter_(1, torch.tensor([[2], [3]]), 1.23, reduce="multiply")
    onehot = torch.zeros(3, 4)
    onehot.scatter_(1, torch.tensor([[0], [3], [1]]), 1)
    d = torch.zeros(5).scatter_add_(0, torch.tensor([0, 0, 4]), torch.tensor([1.0, 2.0, 3.0]))
    e = torch.gather(torch.tensor([[1, 2], [3, 4]]), 1, torch.tensor([[0, 0], [1, 0]]))
    f = torch.zeros(3).index_add_(0, torch.tensor([0, 2, 0]), torch.ones(3))
    g = torch.ones(3).scatter_reduce(0, torch.tensor([0, 1, 0]), torch.tensor([2.0, 3.0, 4.0]), reduce="mean")
    h = torch.take(torch.tensor([[4, 3, 5], [6, 7, 8]]), torch.tensor([0, 2, 5]))
    return [t.tolist() for t in (a, b, c, onehot, d, e, f, g, h)]


def piece_sorting():
    x = torch.tensor([[3.0, 1.0, 2.0], [9.0, 7.0, 8.0]])
    v, i = torch.sort(x, dim=1, descending=True)
    t = torch.topk(x, 2)
    top, idx = x.topk(k=1, dim=1, largest=False)
    pred = torch.tensor([[0.1, 0.5, 0.4], [0.3, 0.3, 0.4]])
    target = torch.tensor([2, 0])
    _, p = pred.topk(2, 1, True, True)
    correct = p.t().eq(target.view(1, -1).expand_as(p.t()))
    acc = [correct[:k].reshape(-1).float().sum(0, keepdim=True).mul_(100.0 / 2).item() for k in (1, 2)]
    m = x.median(dim=1)
    u, inv, counts = torch.unique(
        torch.tensor([1, 3, 2, 3]), sorted=True, return_inverse=True, return_counts=True
    )
    return [
        v.tolist(),
        i.tolist(),
        t.values.tolist(),
        t.indices.tolist(),
        top.tolist(),
        idx.tolist(),
        acc,
        m.values.tolist(),
        m.indices.tolist(),
        torch.argsort(x, 1).tolist(),
        u.tolist(),
        inv.tolist(),
        counts.tolist(),
        torch.kthvalue(x, 2).values.tolist(),
        x.msort().tolist() if hasattr(x, "msort") else 0,
        torch.searchsorted(torch.tensor([1, 3, 5]), torch.tensor([3, 6])).tolist(),
        torch.bucketize(torch.tensor([3, 6, 9]), torch.tensor([1, 3, 5])).tolist(),
        torch.cummax(torch.tensor([1, 3, 2]), 0).values.tolist(),
        torch.mode(torch.tensor([1, 2, 2])).values.item(),
    ]


def piece_printing():
    a, b, c = torch.tensor([1, 2, 3]), torch.tensor([[1.0, 2.5], [3.0, 4.25]]), torch.tensor(3.14159)
    w = torch.ones(2, requires_grad=True)
    text = [
        f"{c:.2f}",
        f"{c.item():.3f}",
        f"{int(a[0])}",
        f"{b[0, 1]:.1f}",
        f"{b[1, 1].item():5.1f}",
        str(a.shape[0]),
        str(list(b.size())),
        str(a.tolist()),
        f"{a[0]}",
        f"{float(c):.4f}",
        round(c.item(), 2),
        f"{len(a)}",
    ]
    return (
        text,
        int(a[1]),
        float(b[0, 0]),
        bool(c > 3),
        a.sum().item(),
        (w * 2).grad_fn is not None,
        w.grad_fn is None,
        w.is_leaf,
    )


def piece_cross_entropy_forms():
    logits = fixed(4, 3)
    y = torch.tensor([0, 2, 1, -100])
    w = torch.tensor([1.0, 2.0, 0.5])
    soft = F.softmax(fixed(4, 3, seed=5), dim=1)
    seq = fixed(2, 3, 5)
    ys = torch.arange(10).reshape(2, 5) % 3
    return [
        F.cross_entropy(logits, y).item(),
        F.cross_entropy(logits[:3], y[:3], weight=w).item(),
        F.cross_entropy(logits[:3], y[:3], label_smoothing=0.1).item(),
        F.cross_entropy(logits, soft).item(),
        F.cross_entropy(seq, ys, reduction="none").tolist(),
        nn.CrossEntropyLoss(ignore_index=2)(logits[:3], y[:3]).item(),
        F.nll_loss(F.log_softmax(logits[:3], -1), y[:3]).item(),
        nn.BCEWithLogitsLoss(pos_weight=torch.tensor([2.0]))(
            logits[:, 0], torch.tensor([1.0, 0, 1, 0])
        ).item(),
        F.kl_div(F.log_softmax(logits, 1), soft, reduction="batchmean").item(),
        F.huber_loss(logits, soft, delta=0.5).item(),
        F.smooth_l1_loss(logits, soft).item(),
        F.cosine_embedding_loss(logits, soft, torch.tensor([1, -1, 1, -1])).item(),
        F.triplet_margin_loss(logits, soft, soft * 2).item(),
        F.margin_ranking_loss(logits[:, 0], logits[:, 1], torch.tensor([1, -1, 1, 1])).item(),
        F.poisson_nll_loss(logits, soft).item(),
        F.multi_margin_loss(logits[:3], y[:3]).item(),
        F.soft_margin_loss(logits[:, 0], torch.tensor([1.0, -1, 1, -1])).item(),
    ]


def piece_dice_focal():
    def dice_loss(pred, target, smooth=1.0):
        pred, target = pred.contiguous(), target.contiguous()
        inter = (pred * target).sum(dim=2).sum(dim=2)
        loss = 1 - (
            (2.0 * inter + smooth) / (pred.sum(dim=2).sum(dim=2) + target.sum(dim=2).sum(dim=2) + smooth)
        )
        return loss.mean()

    class FocalLoss(nn.Module):
        def __init__(self, alpha=0.25, gamma=2):
            super().__init__()
            self.alpha, self.gamma = alpha, gamma

        def forward(self, inputs, targets):
            bce = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
            pt = torch.exp(-bce)
            return (self.alpha * (1 - pt) ** self.gamma * bce).mean()

    x = fixed(2, 1, 4, 4).requires_grad_()
    t = (fixed(2, 1, 4, 4, seed=2) > 0).float()
    l = dice_loss(torch.sigmoid(x), t) + FocalLoss()(x, t)
    l.backward()
    iou = ((torch.sigmoid(x) > 0.5) & (t > 0.5)).sum().float() / (
        (torch.sigmoid(x) > 0.5) | (t > 0.5)
    ).sum().float()
    return l.item(), x.grad.abs().sum().item(), iou.item()


def piece_conv_net():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(1, 3, kernel_size=5)
            self.conv2 = nn.Conv2d(3, 4, kernel_size=5)
            self.conv2_drop = nn.Dropout2d()
            self.fc1 = nn.Linear(64, 10)
            self.fc2 = nn.Linear(10, 10)

        def forward(self, x):
            x = F.relu(F.max_pool2d(self.conv1(x), 2))
            x = F.relu(F.max_pool2d(self.conv2_drop(self.conv2(x)), 2))
            x = x.view(-1, self.num_flat_features(x))
            x = F.relu(self.fc1(x))
            x = F.dropout(x, training=self.training)
            return F.log_softmax(self.fc2(x), dim=1)

        def num_flat_features(self, x):
            size = x.size()[1:]
            n = 1
            for s in size:
                n *= s
            return n

    net = settle(Net(), 0.1).eval()
    x = fixed(2, 1, 28, 28)
    out = net(x)
    pred = out.data.max(1, keepdim=True)[1]
    correct = pred.eq(torch.tensor([1, 2]).data.view_as(pred)).sum()
    return (
        out.tolist(),
        pred.tolist(),
        correct.item(),
        str(net),
        len(list(net.parameters())),
        net.conv1.weight.size(0),
        [p.shape[0] for p in net.parameters()],
    )


def piece_resnet_block():
    def conv3x3(i, o, stride=1):
        return nn.Conv2d(i, o, kernel_size=3, stride=stride, padding=1, bias=False)

    class ResidualBlock(nn.Module):
        expansion = 1

        def __init__(self, i, o, stride=1, downsample=None):
            super().__init__()
            self.conv1, self.bn1 = conv3x3(i, o, stride), nn.BatchNorm2d(o)
            self.relu = nn.ReLU(inplace=True)
            self.conv2, self.bn2 = conv3x3(o, o), nn.BatchNorm2d(o)
            self.downsample = downsample

        def forward(self, x):
            residual = x
            out = self.relu(self.bn1(self.conv1(x)))
            out = self.bn2(self.conv2(out))
            if self.downsample:
                residual = self.downsample(x)
            out += residual
            out = self.relu(out)
            return out

    down = nn.Sequential(conv3x3(2, 4, 2), nn.BatchNorm2d(4))
    net = nn.Sequential(
        ResidualBlock(2, 4, 2, down), ResidualBlock(4, 4), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(16, 2)
    )
    for m in net.modules():
        if isinstance(m, nn.Conv2d):
            m.weight.data = torch.sin(torch.arange(m.weight.numel()).float()).view_as(m.weight) * 0.2
        elif isinstance(m, nn.Linear):
            m.weight.data.fill_(0.1)
            m.bias.data.zero_()
    x = fixed(3, 2, 8, 8)
    loss = net(x).pow(2).sum()
    loss.backward()
    return (
        loss.item(),
        net[0].conv1.weight.grad.norm().item(),
        net[0].bn1.running_mean.tolist(),
        net[0].bn1.num_batches_tracked.item(),
        str(net[0]),
    )

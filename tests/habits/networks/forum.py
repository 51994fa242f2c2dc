"""Small questions and their answers, as people ask and answer them: one idiom each."""

import copy
import math
import random
from collections import Counter, defaultdict

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset, TensorDataset


def fixed(*shape, seed=0, scale=1.0):
    rng = np.random.RandomState(seed)
    return torch.from_numpy((rng.randn(*shape) * scale).astype(np.float32))


def settle(model, scale=0.3):
    with torch.no_grad():
        for i, p in enumerate(model.parameters()):
            n = p.numel()
            p.copy_(torch.sin(torch.arange(n, dtype=torch.float32) * 0.7 + i).view_as(p) * scale)
    return model


def piece_confusion_matrix_by_bincount():
    predicted = torch.tensor([0, 1, 2, 2, 1, 0, 0])
    actual = torch.tensor([0, 1, 1, 2, 1, 2, 0])
    classes = 3
    matrix = torch.bincount(actual * classes + predicted, minlength=classes**2).reshape(classes, classes)
    recall = matrix.diag() / matrix.sum(1)
    precision = matrix.diag().float() / matrix.sum(0).clamp(min=1)
    f1 = 2 * precision * recall / (precision + recall + 1e-8)
    return matrix.tolist(), recall.tolist(), precision.tolist(), f1.mean().item()


def piece_confusion_matrix_in_a_loop():
    matrix = torch.zeros(3, 3, dtype=torch.int64)
    for t, p in zip([0, 1, 1, 2], [0, 1, 2, 2]):
        matrix[t, p] += 1
    stacked = torch.stack((torch.tensor([0, 1, 1, 2]), torch.tensor([0, 1, 2, 2])), dim=1)
    again = torch.zeros(3, 3, dtype=torch.int32)
    for pair in stacked:
        t, p = pair.tolist()
        again[t, p] = again[t, p] + 1
    return matrix.tolist(), again.tolist()


def piece_topk_accuracy():
    output, target = fixed(6, 5), torch.tensor([0, 1, 2, 3, 4, 0])
    _, pred = output.topk(3, 1, True, True)
    pred = pred.t()
    correct = pred.eq(target.view(1, -1).expand_as(pred))
    res = []
    for k in (1, 3):
        correct_k = correct[:k].reshape(-1).float().sum(0, keepdim=True)
        res.append(correct_k.mul_(100.0 / target.size(0)).item())
    return res


def piece_one_hot_by_scatter():
    labels = torch.tensor([2, 0, 1])
    a = torch.zeros(3, 4).scatter_(1, labels.unsqueeze(1), 1.0)
    b = torch.eye(4)[labels]
    c = F.one_hot(labels, num_classes=4).float()
    d = (labels[:, None] == torch.arange(4)[None, :]).float()
    e = torch.zeros(3, 4)
    e[torch.arange(3), labels] = 1
    return a.tolist(), (a == b).all().item(), torch.equal(a, c), torch.equal(c, d), torch.equal(d, e)


def piece_choose_by_gather():
    q = fixed(4, 3).requires_grad_()
    actions = torch.tensor([[0], [2], [1], [1]])
    chosen = q.gather(1, actions).squeeze(1)
    other = q[range(4), actions.squeeze()]
    (chosen.sum() + other.pow(2).sum()).backward()
    return chosen.tolist(), other.tolist(), q.grad.tolist()


def piece_masked_attention():
    q, k, v = fixed(2, 4, 8), fixed(2, 4, 8, seed=1), fixed(2, 4, 8, seed=2)
    scores = torch.matmul(q, k.transpose(-2, -1)) / math.sqrt(q.size(-1))
    mask = torch.tril(torch.ones(4, 4)).unsqueeze(0)
    scores = scores.masked_fill(mask == 0, float("-inf"))
    weights = F.softmax(scores, dim=-1)
    return weights.tolist(), (weights @ v).sum().item()


def piece_multihead_by_einsum():
    x, w = fixed(2, 5, 8), fixed(3, 2, 8, 4, seed=1)
    q, k, v = torch.einsum("bld,thdk->tbhlk", x, w)
    a = torch.einsum("bhlk,bhmk->bhlm", q, k).div(4**0.5).softmax(-1)
    y = torch.einsum("bhlm,bhmk->blhk", a, v).reshape(2, 5, 8)
    return y.sum(-1).tolist()


def piece_rotary_embedding():
    x = fixed(1, 4, 2, 8)
    theta = 10000 ** (-torch.arange(0, 8, 2).float() / 8)
    angles = torch.outer(torch.arange(4).float(), theta)
    cos, sin = angles.cos()[None, :, None, :], angles.sin()[None, :, None, :]
    even, odd = x[..., 0::2], x[..., 1::2]
    turned = torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1).flatten(-2)
    half1, half2 = x.chunk(2, dim=-1)
    return turned.sum(-1).tolist(), torch.cat((-half2, half1), dim=-1)[0, 0].tolist()


def piece_rmsnorm_and_swiglu():
    class RMSNorm(nn.Module):
        def __init__(self, dim, eps=1e-6):
            super().__init__()
            self.eps = eps
            self.weight = nn.Parameter(torch.ones(dim))

        def forward(self, x):
            return self.weight * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)

    class FeedForward(nn.Module):
        def __init__(self, dim, hidden):
            super().__init__()
            self.w1 = nn.Linear(dim, hidden, bias=False)
            self.w2 = nn.Linear(hidden, dim, bias=False)
            self.w3 = nn.Linear(dim, hidden, bias=False)

        def forward(self, x):
            return self.w2(F.silu(self.w1(x)) * self.w3(x))

    block = settle(nn.Sequential(RMSNorm(4), FeedForward(4, 6)))
    x = fixed(3, 4).requires_grad_()
    y = block(x)
    y.square().sum().backward()
    return y.tolist(), x.grad.tolist(), block[0].weight.grad.tolist()


def piece_lora():
    class LoRA(nn.Module):
        def __init__(self, linear, rank, alpha):
            super().__init__()
            self.linear = linear
            self.a = nn.Parameter(fixed(rank, linear.in_features, scale=0.1))
            self.b = nn.Parameter(torch.zeros(linear.out_features, rank))
            self.scale = alpha / rank
            for p in self.linear.parameters():
                p.requires_grad = False

        def forward(self, x):
            return self.linear(x) + (x @ self.a.t() @ self.b.t()) * self.scale

    net = nn.Sequential(settle(nn.Linear(4, 5)), nn.Tanh(), settle(nn.Linear(5, 2)))
    net[0], net[2] = LoRA(net[0], 2, 4), LoRA(net[2], 2, 4)
    trainable = [p for p in net.parameters() if p.requires_grad]
    opt = optim.AdamW(trainable, lr=0.05)
    x, y = fixed(8, 4, seed=3), fixed(8, 2, seed=4)
    losses = []
    for _ in range(5):
        loss = F.mse_loss(net(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    total = sum(p.numel() for p in net.parameters())
    return (
        losses,
        total,
        sum(p.numel() for p in trainable),
        [n for n, p in net.named_parameters() if p.requires_grad],
    )


def piece_freeze_and_unfreeze():
    net = settle(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)))
    for name, param in net.named_parameters():
        if name.startswith("0."):
            param.requires_grad_(False)
    before = net[0].weight.clone()
    opt = optim.SGD(filter(lambda p: p.requires_grad, net.parameters()), lr=0.1)
    F.cross_entropy(net(fixed(5, 3)), torch.tensor([0, 1, 0, 1, 1])).backward()
    opt.step()
    frozen = torch.equal(before, net[0].weight), net[0].weight.grad is None
    net[0].requires_grad_(True)
    opt.add_param_group({"params": net[0].parameters(), "lr": 0.01})
    F.cross_entropy(net(fixed(5, 3)), torch.tensor([0, 1, 0, 1, 1])).backward()
    opt.step()
    return *frozen, net[0].weight.tolist(), len(opt.param_groups), [g["lr"] for g in opt.param_groups]


def piece_feature_maps_by_hooks():
    net = settle(
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(18, 2))
    )
    activation = {}

    def get_activation(name):
        def hook(model, input, output):
            activation[name] = output.detach()

        return hook

    handles = [layer.register_forward_hook(get_activation(f"layer{i}")) for i, layer in enumerate(net)]
    net(fixed(2, 1, 8, 8))
    for handle in handles:
        handle.remove()
    net(fixed(1, 1, 8, 8))
    return {k: list(v.shape) for k, v in activation.items()}["layer0"], activation["layer2"][0, 0].tolist()


def piece_grad_cam():
    net = settle(
        nn.Sequential(
            nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2)
        )
    )
    maps, grads = [], []
    net[1].register_forward_hook(lambda m, i, o: maps.append(o))
    net[1].register_full_backward_hook(lambda m, gi, go: grads.append(go[0]))
    score = net(fixed(1, 1, 5, 5))[0, 1]
    score.backward()
    weights = grads[0].mean(dim=(2, 3), keepdim=True)
    cam = F.relu((weights * maps[0]).sum(dim=1)).squeeze(0)
    cam = (cam - cam.min()) / (cam.max() - cam.min() + 1e-8)
    return cam.tolist()


def piece_saliency():
    net = settle(nn.Sequential(nn.Flatten(), nn.Linear(9, 3)))
    image = fixed(1, 1, 3, 3)
    image.requires_grad = True
    scores = net(image)
    scores[0, scores.argmax()].backward()
    saliency, _ = torch.max(image.grad.data.abs(), dim=1)
    return saliency.reshape(3, 3).tolist()


def piece_learning_rate_finder():
    net = settle(nn.Linear(3, 1))
    opt = optim.SGD(net.parameters(), lr=1e-5)
    lr, mult, avg, best, losses, lrs = 1e-5, (1 / 1e-5) ** (1 / 10), 0.0, 1e9, [], []
    x, y = fixed(16, 3), fixed(16, 1, seed=1)
    for num in range(1, 11):
        opt.param_groups[0]["lr"] = lr
        opt.zero_grad()
        loss = ((net(x) - y) ** 2).mean()
        avg = 0.98 * avg + 0.02 * loss.item()
        smoothed = avg / (1 - 0.98**num)
        if num > 1 and smoothed > 4 * best:
            break
        best = min(best, smoothed)
        losses.append(smoothed)
        lrs.append(math.log10(lr))
        loss.backward()
        opt.step()
        lr *= mult
    return losses, lrs


def piece_gradient_norms_by_layer():
    net = settle(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)))
    net(fixed(6, 3)).sum().backward()
    norms = {n: p.grad.norm().item() for n, p in net.named_parameters()}
    total = torch.norm(torch.stack([torch.norm(p.grad.detach(), 2.0) for p in net.parameters()]), 2.0)
    clipped = nn.utils.clip_grad_norm_(net.parameters(), max_norm=0.5, norm_type=2)
    nn.utils.clip_grad_value_(net.parameters(), clip_value=0.1)
    return list(norms.values()), total.item(), clipped.item(), net[0].weight.grad.tolist()


def piece_focal_loss():
    class FocalLoss(nn.Module):
        def __init__(self, alpha=0.25, gamma=2.0, reduction="mean"):
            super().__init__()
            self.alpha, self.gamma, self.reduction = alpha, gamma, reduction

        def forward(self, inputs, targets):
            bce = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
            pt = torch.exp(-bce)
            loss = self.alpha * (1 - pt) ** self.gamma * bce
            return loss.mean() if self.reduction == "mean" else loss

    x = fixed(4, 3).requires_grad_()
    loss = FocalLoss()(x, (fixed(4, 3, seed=1) > 0).float())
    loss.backward()
    return loss.item(), x.grad.tolist()


def piece_dice_and_iou():
    logits, masks = fixed(2, 1, 4, 4), (fixed(2, 1, 4, 4, seed=1) > 0).float()
    probs = torch.sigmoid(logits)
    num = 2 * (probs * masks).sum(dim=(1, 2, 3)) + 1
    den = probs.sum(dim=(1, 2, 3)) + masks.sum(dim=(1, 2, 3)) + 1
    pred = (probs > 0.5).int()
    inter = (pred & masks.int()).float().sum((1, 2, 3))
    union = (pred | masks.int()).float().sum((1, 2, 3))
    return (1 - num / den).tolist(), ((inter + 1e-6) / (union + 1e-6)).tolist()


def piece_label_smoothing_by_hand():
    pred, target = fixed(4, 5).requires_grad_(), torch.tensor([0, 4, 2, 1])
    logprobs = pred.log_softmax(dim=-1)
    with torch.no_grad():
        true_dist = torch.zeros_like(logprobs)
        true_dist.fill_(0.1 / 4)
        true_dist.scatter_(1, target.data.unsqueeze(1), 0.9)
    loss = torch.mean(torch.sum(-true_dist * logprobs, dim=-1))
    loss.backward()
    return loss.item(), pred.grad.tolist(), F.cross_entropy(pred, target, label_smoothing=0.1).item()


def piece_triplets():
    anchor, positive, negative = (fixed(3, 4, seed=i).requires_grad_() for i in range(3))
    loss = nn.TripletMarginLoss(margin=1.0, p=2)(anchor, positive, negative)
    dist = torch.cdist(anchor, negative)
    cos = F.cosine_similarity(anchor[:, None], positive[None], dim=-1)
    (loss + dist.min() + cos.diagonal().sum()).backward()
    return loss.item(), dist.tolist(), cos.tolist(), anchor.grad.tolist()


def piece_info_nce():
    z1, z2 = F.normalize(fixed(4, 6), dim=1), F.normalize(fixed(4, 6, seed=1), dim=1)
    z = torch.cat([z1, z2], dim=0)
    sim = torch.mm(z, z.t()) / 0.5
    sim.fill_diagonal_(-1e9)
    labels = torch.cat([torch.arange(4, 8), torch.arange(0, 4)])
    return F.cross_entropy(sim, labels).item(), sim[0, 1:].tolist()


def piece_moving_average_of_weights():
    net = settle(nn.Linear(2, 1))
    ema = copy.deepcopy(net)
    for p in ema.parameters():
        p.requires_grad_(False)
    opt = optim.SGD(net.parameters(), lr=0.1)
    for step in range(3):
        loss = (net(fixed(4, 2, seed=step)) - 1).pow(2).mean()
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        with torch.no_grad():
            for e, p in zip(ema.parameters(), net.parameters()):
                e.mul_(0.9).add_(p.data, alpha=0.1)
    return ema.weight.tolist(), net.weight.tolist()


def piece_target_network():
    online, target = settle(nn.Linear(3, 2)), nn.Linear(3, 2)
    target.load_state_dict(online.state_dict())
    opt = optim.Adam(online.parameters(), lr=0.01)
    s, a, r, s2, done = (
        fixed(5, 3),
        torch.tensor([0, 1, 1, 0, 1]),
        fixed(5),
        fixed(5, 3, seed=1),
        torch.tensor([0, 0, 1, 0, 1.0]),
    )
    q = online(s).gather(1, a.view(-1, 1)).squeeze(1)
    with torch.no_grad():
        goal = r + 0.99 * target(s2).max(1)[0] * (1 - done)
    loss = F.smooth_l1_loss(q, goal)
    opt.zero_grad()
    loss.backward()
    for param in online.parameters():
        param.grad.data.clamp_(-1, 1)
    opt.step()
    mixed = target.state_dict()
    for key in mixed:
        mixed[key] = online.state_dict()[key] * 0.05 + mixed[key] * 0.95
    target.load_state_dict(mixed)
    return loss.item(), target.weight.tolist()


def piece_policy_gradient():
    policy = settle(nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2), nn.Softmax(dim=-1)))
    opt = optim.Adam(policy.parameters(), lr=1e-2)
    log_probs, rewards = [], [1.0, 0.5, 2.0]
    for t in range(3):
        probs = policy(fixed(4, seed=t).unsqueeze(0))
        log_probs.append(torch.log(probs.squeeze(0)[t % 2]))
    returns, total = [], 0
    for r in rewards[::-1]:
        total = r + 0.9 * total
        returns.insert(0, total)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std() + np.finfo(np.float32).eps.item())
    loss = torch.stack([-lp * g for lp, g in zip(log_probs, returns)]).sum()
    opt.zero_grad()
    loss.backward()
    opt.step()
    return returns.tolist(), loss.item(), policy[0].weight[0].tolist()


def piece_packed_lstm_with_lengths():
    seqs = [fixed(n, 3, seed=n) for n in (4, 2, 3)]
    lengths = torch.tensor([len(s) for s in seqs])
    padded = pad_sequence(seqs, batch_first=True)
    lstm = settle(nn.LSTM(3, 5, batch_first=True, bidirectional=True))
    packed = pack_padded_sequence(padded, lengths.cpu(), batch_first=True, enforce_sorted=False)
    out, (h, c) = lstm(packed)
    out, out_lengths = pad_packed_sequence(out, batch_first=True)
    last = torch.cat((h[-2], h[-1]), dim=1)
    return list(out.shape), out_lengths.tolist(), last.tolist(), out[1, 1].tolist()


def piece_mean_over_mask():
    x, lengths = fixed(3, 5, 2).requires_grad_(), torch.tensor([5, 2, 3])
    mask = torch.arange(5)[None, :] < lengths[:, None]
    mean = (x * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True)
    largest = x.masked_fill(~mask.unsqueeze(-1), -1e9).max(dim=1)[0]
    last = x[torch.arange(3), lengths - 1]
    (mean.sum() + largest.sum() + last.sum()).backward()
    return mean.tolist(), largest.tolist(), last.tolist(), x.grad.sum(-1).tolist()


def piece_embedding_bag():
    bag = nn.EmbeddingBag(6, 3, mode="mean")
    with torch.no_grad():
        bag.weight.copy_(fixed(6, 3))
    text, offsets = torch.tensor([1, 2, 4, 5, 4, 3, 0]), torch.tensor([0, 3])
    y = bag(text, offsets)
    y.sum().backward()
    weighted = F.embedding_bag(
        torch.tensor([[1, 2], [3, 0]]),
        bag.weight,
        mode="sum",
        per_sample_weights=torch.tensor([[1.0, 0.5], [2.0, 0.0]]),
    )
    return y.tolist(), bag.weight.grad.tolist(), weighted.tolist()


def piece_weight_tying():
    class LM(nn.Module):
        def __init__(self):
            super().__init__()
            self.emb = nn.Embedding(7, 4)
            self.head = nn.Linear(4, 7, bias=False)
            self.head.weight = self.emb.weight

        def forward(self, idx):
            return self.head(self.emb(idx).mean(1))

    lm = LM()
    nn.init.constant_(lm.emb.weight, 0.1)
    with torch.no_grad():
        lm.emb.weight += fixed(7, 4) * 0.1
    F.cross_entropy(lm(torch.tensor([[1, 2], [3, 4]])), torch.tensor([0, 6])).backward()
    return len(list(lm.parameters())), lm.head.weight.grad.tolist(), lm.head.weight is lm.emb.weight


def piece_groups_from_lists():
    net = settle(nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Linear(3, 1)))
    decay, rest = [], []
    for name, p in net.named_parameters():
        (rest if p.ndim < 2 or name.endswith("bias") else decay).append(p)
    opt = optim.AdamW(
        [{"params": decay, "weight_decay": 0.1}, {"params": rest, "weight_decay": 0.0}],
        lr=1e-2,
        betas=(0.9, 0.95),
    )
    for i in range(3):
        opt.zero_grad()
        net(fixed(6, 3, seed=i)).pow(2).mean().backward()
        opt.step()
    return [len(g["params"]) for g in opt.param_groups], net[0].weight.tolist(), net[1].weight.tolist()


def piece_extra_parameter_beside_a_model():
    net = settle(nn.Linear(2, 2))
    log_sigma = nn.Parameter(torch.zeros(2))
    opt = optim.Adam(list(net.parameters()) + [log_sigma], lr=0.1)
    for i in range(3):
        errors = (net(fixed(4, 2, seed=i)) ** 2).mean(0)
        loss = (errors * torch.exp(-log_sigma) + log_sigma).sum()
        opt.zero_grad()
        loss.backward()
        opt.step()
    return log_sigma.tolist(), loss.item()


def piece_custom_loss_with_buffer():
    class WeightedMSE(nn.Module):
        def __init__(self, weights):
            super().__init__()
            self.register_buffer("weights", torch.as_tensor(weights, dtype=torch.float32))

        def forward(self, y, t):
            return (self.weights * (y - t) ** 2).mean()

    loss = WeightedMSE([1.0, 10.0])
    y = fixed(3, 2).requires_grad_()
    value = loss(y, torch.zeros(3, 2))
    value.backward()
    return value.item(), y.grad.tolist(), list(loss.state_dict().keys()), len(list(loss.parameters()))


def piece_dataset_with_transform():
    class Squares(Dataset):
        def __init__(self, n, transform=None):
            self.x = torch.arange(n).float()
            self.transform = transform

        def __len__(self):
            return len(self.x)

        def __getitem__(self, i):
            if torch.is_tensor(i):
                i = i.tolist()
            sample = {"x": self.x[i], "y": self.x[i] ** 2, "name": f"n{i}"}
            return self.transform(sample) if self.transform else sample

    loader = DataLoader(Squares(5, lambda s: {**s, "x": s["x"] / 10}), batch_size=2)
    return [(b["x"].tolist(), b["y"].tolist(), list(b["name"])) for b in loader], len(loader)


def piece_class_weights_from_counts():
    targets = torch.tensor([0, 0, 0, 1, 2, 2])
    counts = torch.bincount(targets)
    weights = counts.sum() / (len(counts) * counts.float())
    by_counter = Counter(targets.tolist())
    per_sample = torch.tensor([1.0 / by_counter[t] for t in targets.tolist()])
    loss = F.cross_entropy(fixed(6, 3), targets, weight=weights)
    return (
        weights.tolist(),
        per_sample.tolist(),
        loss.item(),
        torch.unique(targets, return_counts=True)[1].tolist(),
    )


def piece_standardise():
    x = fixed(10, 3, scale=4.0) + 7
    mean, std = x.mean(0, keepdim=True), x.std(dim=0, keepdim=True)
    z = (x - mean) / std
    low, high = x.min(dim=0).values, x.max(dim=0).values
    return z.mean(0).abs().max().item() < 1e-5, z.std(0).tolist(), ((x - low) / (high - low))[0].tolist()


def piece_pca():
    x = fixed(20, 3)
    x = x - x.mean(0)
    u, s, v = torch.svd(x)
    eigenvalues = torch.linalg.eigvalsh(x.T @ x / 19)
    return (s**2 / 19).tolist(), eigenvalues.flip(0).tolist(), (x @ v[:, :2]).abs().sum().item()


def piece_k_means():
    x = torch.cat([fixed(10, 2), fixed(10, 2, seed=1) + 4])
    centres = x[[0, -1]].clone()
    for _ in range(4):
        labels = torch.cdist(x, centres).argmin(dim=1)
        for k in range(2):
            centres[k] = x[labels == k].mean(dim=0)
    return centres.tolist(), labels.tolist()


def piece_normal_equations():
    x = torch.cat([torch.ones(8, 1), fixed(8, 2)], dim=1)
    y = x @ torch.tensor([1.0, 2.0, -3.0]) + 0.01 * fixed(8, seed=5)
    w = torch.inverse(x.t() @ x) @ x.t() @ y
    return w.tolist(), torch.linalg.lstsq(x, y.unsqueeze(1)).solution.squeeze().tolist()


def piece_kl_between_gaussians():
    mu, logvar = fixed(4, 2).requires_grad_(), fixed(4, 2, seed=1).requires_grad_()
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp(), dim=1)
    loss = torch.mean(kld)
    loss.backward()
    p = F.log_softmax(fixed(3, 4), dim=1)
    q = F.softmax(fixed(3, 4, seed=2), dim=1)
    return kld.tolist(), mu.grad.tolist(), nn.KLDivLoss(reduction="batchmean")(p, q).item()


def piece_pixel_neighbours():
    x = fixed(1, 1, 4, 4)
    sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]).view(1, 1, 3, 3)
    gx, gy = F.conv2d(x, sobel, padding=1), F.conv2d(x, sobel.transpose(2, 3), padding=1)
    edges = torch.sqrt(gx**2 + gy**2 + 1e-6)
    blur = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    patches = F.unfold(x, kernel_size=2, stride=2)
    return edges[0, 0].tolist(), blur[0, 0].tolist(), patches[0].tolist()


def piece_depthwise_separable():
    layer = settle(
        nn.Sequential(
            nn.Conv2d(3, 3, 3, padding=1, groups=3), nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.ReLU6()
        )
    )
    y = layer(fixed(2, 3, 4, 4))
    y.sum().backward()
    return (
        y[0, 0].tolist(),
        layer[0].weight.grad.abs().sum().item(),
        sum(p.numel() for p in layer.parameters()),
    )


def piece_squeeze_and_excite():
    x, net = (
        fixed(2, 4, 3, 3),
        settle(nn.Sequential(nn.Linear(4, 2), nn.ReLU(inplace=True), nn.Linear(2, 4), nn.Sigmoid())),
    )
    b, c, _, _ = x.size()
    y = F.adaptive_avg_pool2d(x, 1).view(b, c)
    return (x * net(y).view(b, c, 1, 1).expand_as(x)).sum((2, 3)).tolist()


def piece_unet_step():
    down, up = settle(nn.Conv2d(1, 2, 3, stride=2, padding=1)), settle(nn.ConvTranspose2d(2, 1, 2, stride=2))
    head, x = settle(nn.Conv2d(2, 1, 1)), fixed(1, 1, 6, 6)
    y = head(torch.cat([x, up(F.relu(down(x)))], dim=1))
    bigger = F.interpolate(y, scale_factor=2, mode="bilinear", align_corners=True)
    return y[0, 0].tolist(), bigger.sum().item(), F.interpolate(y, size=(3, 3), mode="nearest")[0, 0].tolist()


def piece_char_rnn_step():
    text = "hello world"
    chars = sorted(set(text))
    stoi = {c: i for i, c in enumerate(chars)}
    rnn, head = settle(nn.RNN(len(chars), 6, batch_first=True)), settle(nn.Linear(6, len(chars)))
    ids = torch.tensor([stoi[c] for c in text], dtype=torch.long)
    x = F.one_hot(ids[:-1], len(chars)).float().unsqueeze(0)
    opt = optim.RMSprop([*rnn.parameters(), *head.parameters()], lr=0.01)
    losses, h = [], None
    for _ in range(4):
        out, h = rnn(x, h)
        h = h.detach()
        loss = F.cross_entropy(head(out).view(-1, len(chars)), ids[1:].view(-1))
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(rnn.parameters(), 1.0)
        opt.step()
        losses.append(loss.item())
    return losses, "".join(chars[i] for i in head(out)[0].argmax(-1).tolist())


def piece_generate_with_a_cache_of_tokens():
    emb, head = settle(nn.Embedding(5, 4)), settle(nn.Linear(4, 5))
    idx = torch.zeros((1, 1), dtype=torch.long)
    for _ in range(4):
        logits = head(emb(idx[:, -3:]).mean(dim=1)) / 0.8
        v, _ = torch.topk(logits, min(3, logits.size(-1)))
        logits[logits < v[:, [-1]]] = -float("Inf")
        probs = F.softmax(logits, dim=-1)
        idx_next = torch.argmax(probs, dim=-1, keepdim=True)
        idx = torch.cat((idx, idx_next), dim=1)
    sorted_logits, order = torch.sort(logits, descending=True)
    cumulative = torch.cumsum(F.softmax(sorted_logits, dim=-1), dim=-1)
    remove = cumulative > 0.9
    remove[..., 1:] = remove[..., :-1].clone()
    remove[..., 0] = 0
    return idx.tolist(), probs.tolist(), remove.tolist(), order[:, :3].tolist()


def piece_beam_scores():
    log_probs = F.log_softmax(fixed(3, 4), dim=-1)
    beams = [([], 0.0)]
    for t in range(3):
        candidates = []
        for seq, score in beams:
            for token in range(4):
                candidates.append(([*seq, token], score + log_probs[t, token].item()))
        beams = sorted(candidates, key=lambda b: b[1], reverse=True)[:2]
    return [b[0] for b in beams], [b[1] for b in beams]


def piece_mixed_precision_words_are_refused():
    try:
        with torch.no_grad():
            x = torch.ones(2).to("cuda")
        return x.tolist()
    except Exception as error:
        return type(error).__name__ in ("AssertionError", "RuntimeError", "ValueError")


def piece_seeds_repeat():
    def draw():
        torch.manual_seed(3)
        random.seed(3)
        return (
            torch.randn(3),
            torch.rand(2),
            torch.randint(0, 9, (4,)),
            torch.randperm(5),
            nn.Linear(2, 2).weight,
        )

    return all(torch.equal(a, b) for a, b in zip(draw(), draw()))


def piece_view_against_reshape():
    x = torch.arange(6)
    y = x.view(2, 3)
    z = y.t().reshape(-1)
    w = y.permute(1, 0).contiguous().view(-1)
    return (
        y.tolist(),
        z.tolist(),
        torch.equal(z, w),
        y.t().is_contiguous(),
        y.is_contiguous(),
        y.t().contiguous().is_contiguous(),
    )


def piece_inplace_relu_changes_its_input():
    x = fixed(2, 3)
    y = nn.ReLU(inplace=True)(x)
    z = fixed(2, 3)
    F.relu(z, inplace=True)
    return x.tolist(), y is x, z.min().item()


def piece_broadcast_outer_difference():
    a, b = fixed(3), fixed(4, seed=1)
    d = a[:, None] - b[None, :]
    e = a.unsqueeze(1).expand(-1, 4) - b.expand(3, 4)
    gx, gy = torch.meshgrid(torch.arange(3.0), torch.arange(2.0), indexing="ij")
    return d.tolist(), torch.allclose(d, e), (gx + 10 * gy).tolist()


def piece_running_totals_as_numbers():
    running_loss, correct, total = 0.0, 0, 0
    stats = defaultdict(list)
    for i in range(3):
        outputs, labels = fixed(4, 3, seed=i), torch.tensor([0, 1, 2, 0])
        loss = F.cross_entropy(outputs, labels)
        running_loss += loss.item() * outputs.size(0)
        _, predicted = torch.max(outputs.data, 1)
        total += labels.size(0)
        correct += (predicted == labels).sum().item()
        stats["loss"].append(float(loss))
    return running_loss / total, 100 * correct / total, stats["loss"], f"{100.0 * correct / total:.1f}%"


def piece_average_meter_and_history():
    class AverageMeter:
        def __init__(self):
            self.sum, self.count = 0, 0

        def update(self, val, n=1):
            self.sum += val * n
            self.count += n

        @property
        def avg(self):
            return self.sum / self.count

    meter = AverageMeter()
    for i in range(3):
        meter.update(fixed(2, seed=i).abs().mean().item(), 2)
    return meter.avg, meter.count


def piece_cyclic_batches():
    def cycle(loader):
        while True:
            yield from loader

    loader = DataLoader(
        TensorDataset(torch.arange(5), torch.arange(5) ** 2), batch_size=2, shuffle=False, drop_last=True
    )
    it = cycle(loader)
    seen = [next(it)[1].tolist() for _ in range(4)]
    return seen


def piece_save_best_state():
    net = settle(nn.Linear(2, 1))
    best, best_state = float("inf"), None
    opt = optim.SGD(net.parameters(), lr=0.5)
    for i in range(6):
        loss = (net(fixed(4, 2, seed=i)) - 3).pow(2).mean()
        if loss.item() < best:
            best = loss.item()
            best_state = {k: v.clone() for k, v in net.state_dict().items()}
        opt.zero_grad()
        loss.backward()
        opt.step()
    net.load_state_dict(best_state)
    return best, net.weight.tolist()


def piece_load_part_of_a_state():
    old, new = (
        settle(nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))),
        nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 5)),
    )
    own = new.state_dict()
    pretrained = {k: v for k, v in old.state_dict().items() if k in own and v.size() == own[k].size()}
    own.update(pretrained)
    new.load_state_dict(own)
    renamed = {k.replace("0.", "module.0."): v for k, v in old.state_dict().items()}
    result = old.load_state_dict({k.replace("module.", ""): v for k, v in renamed.items()})
    return sorted(pretrained), torch.equal(new[0].weight, old[0].weight), list(result.missing_keys)

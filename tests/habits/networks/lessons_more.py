"""Networks from scratch, as courses build them, and training loops of all habits."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.autograd import Variable, grad
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import (
    DataLoader,
    TensorDataset,
)


def fixed(*shape, seed=0, scale=1.0):
    rng = np.random.RandomState(seed)
    return torch.tensor(rng.randn(*shape) * scale, dtype=torch.float32)


def settle(model, scale=0.3):
    for i, p in enumerate(model.parameters()):
        p.data = torch.cos(torch.arange(p.numel()) * 0.9 + i).reshape(p.shape) * scale
    return model


def piece_transformer_modules():
    mask = nn.Transformer.generate_square_subsequent_mask(5)
    causal = torch.triu(torch.ones(5, 5) * float("-inf"), diagonal=1)
    layer = nn.TransformerEncoderLayer(d_model=8, nhead=2, dim_feedforward=16, dropout=0.0, batch_first=True)
    enc = nn.TransformerEncoder(layer, num_layers=2)
    settle(enc, 0.2)
    src = fixed(2, 5, 8)
    y = enc(src, mask=mask)
    pad = torch.tensor([[False] * 5, [False, False, False, True, True]])
    z = enc(src, src_key_padding_mask=pad)
    mha = settle(nn.MultiheadAttention(8, 2, batch_first=True), 0.2)
    a, w = mha(src, src, src, attn_mask=causal)
    return y.tolist(), z[0].tolist(), a.tolist(), w.tolist(), mask.tolist()


def piece_data_parallel_idioms():
    model = settle(nn.Linear(3, 2))
    device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    model = model.to(device)
    if torch.cuda.device_count() > 1:
        model = nn.DataParallel(model)
    n = sum(p.numel() for p in model.parameters() if p.requires_grad)
    x = fixed(4, 3).to(device, non_blocking=True)
    return (
        model(x).cpu().detach().numpy().tolist(),
        n,
        str(device),
        x.device.type,
        x.is_cuda,
        next(model.parameters()).device.type,
    )


def piece_train_eval_functions():
    def train(dataloader, model, loss_fn, optimizer, log):
        size = len(dataloader.dataset)
        model.train()
        for batch, (X, y) in enumerate(dataloader):
            X, y = X.to("cpu"), y.to("cpu")
            loss = loss_fn(model(X), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            if batch % 2 == 0:
                loss, current = loss.item(), (batch + 1) * len(X)
                log.append(f"loss: {loss:>7f}  [{current:>5d}/{size:>5d}]")

    def test(dataloader, model, loss_fn, log):
        size, num_batches = len(dataloader.dataset), len(dataloader)
        model.eval()
        test_loss, correct = 0, 0
        with torch.no_grad():
            for X, y in dataloader:
                pred = model(X)
                test_loss += loss_fn(pred, y).item()
                correct += (pred.argmax(1) == y).type(torch.float).sum().item()
        test_loss /= num_batches
        correct /= size
        log.append(f"Accuracy: {(100 * correct):>0.1f}%, Avg loss: {test_loss:>8f}")

    class NeuralNetwork(nn.Module):
        def __init__(self):
            super().__init__()
            self.flatten = nn.Flatten()
            self.stack = nn.Sequential(nn.Linear(16, 8), nn.ReLU(), nn.Linear(8, 3))

        def forward(self, x):
            return self.stack(self.flatten(x))

    ds = TensorDataset(fixed(18, 1, 4, 4), torch.arange(18) % 3)
    loader = DataLoader(ds, batch_size=6)
    model = settle(NeuralNetwork())
    log = []
    opt = torch.optim.SGD(model.parameters(), lr=1e-1)
    sched = StepLR(opt, 1, gamma=0.7)
    for t in range(2):
        train(loader, model, nn.CrossEntropyLoss(), opt, log)
        test(loader, model, nn.CrossEntropyLoss(), log)
        sched.step()
    return log, str(model)


def piece_checkpoint_dict():
    import os
    import tempfile

    model = settle(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1)))
    opt = optim.Adam(model.parameters(), lr=0.01)
    x = fixed(6, 3)
    for _ in range(2):
        opt.zero_grad()
        model(x).pow(2).mean().backward()
        opt.step()
    path = os.path.join(tempfile.mkdtemp(), "ckpt.pt")
    torch.save(
        {
            "epoch": 2,
            "model_state_dict": model.state_dict(),
            "optimizer_state_dict": opt.state_dict(),
            "loss": 0.5,
        },
        path,
    )
    ck = torch.load(path, weights_only=True)
    m2 = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    o2 = optim.Adam(m2.parameters(), lr=0.5)
    m2.load_state_dict(ck["model_state_dict"])
    o2.load_state_dict(ck["optimizer_state_dict"])
    out = []
    for m, o in ((model, opt), (m2, o2)):
        for _ in range(2):
            o.zero_grad()
            loss = m(x).pow(2).mean()
            loss.backward()
            o.step()
        out.append(loss.item())
    sd = opt.state_dict()
    return (
        out,
        ck["epoch"],
        ck["loss"],
        sorted(sd),
        sorted(sd["param_groups"][0])[:6],
        sd["param_groups"][0]["params"],
        sorted(sd["state"][0]),
        o2.param_groups[0]["lr"],
    )


def piece_param_groups():
    model = settle(nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)))
    decay, no_decay = [], []
    for name, p in model.named_parameters():
        (no_decay if name.endswith("bias") else decay).append(p)
    opt = optim.SGD(
        [{"params": decay, "weight_decay": 0.1}, {"params": no_decay, "weight_decay": 0.0, "lr": 0.5}],
        lr=0.1,
        momentum=0.9,
        nesterov=True,
    )
    for p in model[0].parameters():
        p.requires_grad = False
    x = fixed(5, 3)
    for _ in range(3):
        opt.zero_grad(set_to_none=True)
        model(x).sum().backward()
        opt.step()
    for g in opt.param_groups:
        g["lr"] *= 0.1
    extra = nn.Parameter(torch.ones(1))
    opt.add_param_group({"params": [extra]})
    return (
        [p.detach().tolist() for p in model.parameters()],
        [g["lr"] for g in opt.param_groups],
        len(opt.param_groups),
        model[0].weight.grad is None,
        str(opt).split("\n")[0],
    )


def piece_second_order():
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = (x**3).sum()
    (g,) = grad(y, x, create_graph=True)
    h = torch.stack([grad(g[i], x, retain_graph=True)[0] for i in range(3)])
    penalty = (g.norm(2) - 1) ** 2
    penalty.backward()
    H = torch.autograd.functional.hessian(lambda v: (v**2).prod(), torch.tensor([1.0, 2.0]))
    J = torch.autograd.functional.jacobian(lambda v: v.exp() * v.sum(), torch.tensor([0.1, 0.2]))
    return h.tolist(), x.grad.tolist(), H.tolist(), J.tolist()


def piece_wgan_gp():
    D = settle(nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1)))
    real, fake = fixed(5, 4), fixed(5, 4, seed=1)
    alpha = torch.linspace(0, 1, 5).unsqueeze(1).expand_as(real)
    inter = Variable(alpha * real.data + (1 - alpha) * fake.data, requires_grad=True)
    out = D(inter)
    gradients = torch.autograd.grad(
        outputs=out,
        inputs=inter,
        grad_outputs=torch.ones(out.size()),
        create_graph=True,
        retain_graph=True,
        only_inputs=True,
    )[0]
    gp = ((gradients.view(5, -1).norm(2, dim=1) - 1) ** 2).mean() * 10
    loss = fake.mean() + D(fake).mean() - D(real).mean() + gp
    loss.backward()
    return gp.item(), [p.grad.norm().item() for p in D.parameters()]


def piece_fgsm():
    model = settle(nn.Sequential(nn.Flatten(), nn.Linear(9, 3), nn.LogSoftmax(dim=1)))
    data = torch.sigmoid(fixed(2, 1, 3, 3))
    data.requires_grad = True
    target = torch.tensor([0, 2])
    out = model(data)
    init_pred = out.max(1, keepdim=True)[1]
    loss = F.nll_loss(out, target)
    model.zero_grad()
    loss.backward()
    perturbed = torch.clamp(data + 0.1 * data.grad.data.sign(), 0, 1)
    adv = perturbed.squeeze().detach().cpu().numpy()
    correct = init_pred.eq(target.view_as(init_pred)).sum().item()
    return adv.tolist(), correct, model(perturbed).max(1, keepdim=True)[1].tolist()

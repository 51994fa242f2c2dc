"""Whole programs of the kind tutorials end with: language models, GANs, Q-learning, schedules."""

import copy
from collections import OrderedDict, deque

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset


def fixed(*shape, seed=0, scale=1.0):
    rng = np.random.RandomState(seed)
    return torch.from_numpy((rng.randn(*shape) * scale).astype(np.float32))


def settle(model, scale=0.3):
    with torch.no_grad():
        for i, p in enumerate(model.parameters()):
            n = p.numel()
            p.copy_(torch.sin(torch.arange(n, dtype=torch.float32) * 0.7 + i).view_as(p) * scale)
    return model


def piece_lstm_language_model():
    text = "hello world, hello tensor"
    chars = sorted(set(text))
    stoi = {c: i for i, c in enumerate(chars)}
    data = torch.tensor([stoi[c] for c in text], dtype=torch.long)

    class CharModel(nn.Module):
        def __init__(self, vocab, emb, hidden):
            super().__init__()
            self.embed = nn.Embedding(vocab, emb)
            self.rnn = nn.LSTM(emb, hidden, num_layers=2, batch_first=True)
            self.head = nn.Linear(hidden, vocab)

        def forward(self, x, state=None):
            out, state = self.rnn(self.embed(x), state)
            return self.head(out), state

    model = settle(CharModel(len(chars), 5, 7))
    opt = optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    state = None
    for step in range(4):
        x = data[step * 5 : step * 5 + 5].unsqueeze(0)
        y = data[step * 5 + 1 : step * 5 + 6].unsqueeze(0)
        logits, state = model(x, state)
        state = tuple(s.detach() for s in state)
        loss = F.cross_entropy(logits.view(-1, len(chars)), y.reshape(-1))
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        opt.step()
        losses.append(loss.item())
    model.eval()
    out = []
    with torch.no_grad():
        idx = torch.tensor([[0]])
        h = None
        for _ in range(5):
            logits, h = model(idx, h)
            idx = logits[:, -1, :].argmax(dim=-1, keepdim=True)
            out.append(idx.item())
    return losses, out


def piece_transformer_block():
    class Head(nn.Module):
        def __init__(self, n_embd, size, block):
            super().__init__()
            self.key = nn.Linear(n_embd, size, bias=False)
            self.query = nn.Linear(n_embd, size, bias=False)
            self.value = nn.Linear(n_embd, size, bias=False)
            self.register_buffer("tril", torch.tril(torch.ones(block, block)))

        def forward(self, x):
            B, T, C = x.shape
            k, q, v = self.key(x), self.query(x), self.value(x)
            wei = q @ k.transpose(-2, -1) * C**-0.5
            wei = wei.masked_fill(self.tril[:T, :T] == 0, float("-inf"))
            wei = F.softmax(wei, dim=-1)
            return wei @ v

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.heads = nn.ModuleList([Head(8, 4, 6) for _ in range(2)])
            self.proj = nn.Linear(8, 8)
            self.ff = nn.Sequential(nn.Linear(8, 32), nn.GELU(), nn.Linear(32, 8), nn.Dropout(0.0))
            self.ln1, self.ln2 = nn.LayerNorm(8), nn.LayerNorm(8)

        def forward(self, x):
            h = self.ln1(x)
            x = x + self.proj(torch.cat([h_(h) for h_ in self.heads], dim=-1))
            return x + self.ff(self.ln2(x))

    block = settle(Block())
    x = fixed(2, 6, 8)
    x.requires_grad_(True)
    y = block(x)
    y.pow(2).mean().backward()
    names = [n for n, _ in block.named_parameters()]
    return (
        y.detach().tolist(),
        x.grad.sum().item(),
        names,
        [list(b.shape) for b in block.buffers()],
        sorted(block.state_dict()),
    )


def piece_vae():
    class VAE(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(12, 8)
            self.fc21 = nn.Linear(8, 3)
            self.fc22 = nn.Linear(8, 3)
            self.fc3 = nn.Linear(3, 8)
            self.fc4 = nn.Linear(8, 12)

        def encode(self, x):
            h1 = F.relu(self.fc1(x))
            return self.fc21(h1), self.fc22(h1)

        def reparameterize(self, mu, logvar):
            std = torch.exp(0.5 * logvar)
            eps = torch.full_like(std, 0.3)
            return mu + eps * std

        def decode(self, z):
            return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

        def forward(self, x):
            mu, logvar = self.encode(x.view(-1, 12))
            return self.decode(self.reparameterize(mu, logvar)), mu, logvar

    def loss_function(recon_x, x, mu, logvar):
        BCE = F.binary_cross_entropy(recon_x, x.view(-1, 12), reduction="sum")
        KLD = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
        return BCE + KLD

    model = settle(VAE()).to(torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    optimizer = optim.Adam(model.parameters(), lr=1e-3)
    x = torch.sigmoid(fixed(5, 3, 4))
    total = 0
    for epoch in range(3):
        optimizer.zero_grad()
        recon, mu, logvar = model(x)
        loss = loss_function(recon, x, mu, logvar)
        loss.backward()
        total += loss.item()
        optimizer.step()
    return total, total / len(x)


def piece_gan():
    G = settle(nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2, inplace=True), nn.Linear(8, 4), nn.Tanh()))
    D = settle(nn.Sequential(nn.Linear(4, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1), nn.Sigmoid()))
    criterion = nn.BCELoss()
    optG = optim.Adam(G.parameters(), lr=2e-3, betas=(0.5, 0.999))
    optD = optim.Adam(D.parameters(), lr=2e-3, betas=(0.5, 0.999))
    real = fixed(6, 4)
    out = []
    for i in range(3):
        noise = fixed(6, 2, seed=i + 1)
        D.zero_grad()
        label = torch.full((6,), 1.0, dtype=torch.float)
        output = D(real).view(-1)
        errD_real = criterion(output, label)
        errD_real.backward()
        fake = G(noise)
        label.fill_(0.0)
        output = D(fake.detach()).view(-1)
        errD_fake = criterion(output, label)
        errD_fake.backward()
        optD.step()
        G.zero_grad()
        label.fill_(1.0)
        errG = criterion(D(fake).view(-1), label)
        errG.backward()
        optG.step()
        out.append([errD_real.item(), errD_fake.item(), errG.item()])
    return out


def piece_dqn():
    class DQN(nn.Module):
        def __init__(self, n_observations, n_actions):
            super().__init__()
            self.layer1 = nn.Linear(n_observations, 16)
            self.layer2 = nn.Linear(16, n_actions)

        def forward(self, x):
            return self.layer2(F.relu(self.layer1(x)))

    policy, target = settle(DQN(4, 2)), DQN(4, 2)
    target.load_state_dict(policy.state_dict())
    optimizer = optim.AdamW(policy.parameters(), lr=1e-2, amsgrad=True)
    memory = deque([], maxlen=20)
    for i in range(8):
        s = fixed(1, 4, seed=i)
        memory.append(
            (
                s,
                torch.tensor([[i % 2]], dtype=torch.long),
                None if i == 5 else s * 0.5,
                torch.tensor([float(i)]),
            )
        )
    batch = list(zip(*memory))
    non_final_mask = torch.tensor(tuple(map(lambda s: s is not None, batch[2])), dtype=torch.bool)
    non_final_next = torch.cat([s for s in batch[2] if s is not None])
    states, actions, rewards = torch.cat(batch[0]), torch.cat(batch[1]), torch.cat(batch[3])
    out = []
    for _ in range(3):
        q = policy(states).gather(1, actions)
        next_values = torch.zeros(8)
        with torch.no_grad():
            next_values[non_final_mask] = target(non_final_next).max(1).values
        expected = (next_values * 0.99) + rewards
        loss = nn.SmoothL1Loss()(q, expected.unsqueeze(1))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_value_(policy.parameters(), 100)
        optimizer.step()
        sd_t, sd_p = target.state_dict(), policy.state_dict()
        for key in sd_p:
            sd_t[key] = sd_p[key] * 0.05 + sd_t[key] * 0.95
        target.load_state_dict(sd_t)
        out.append(loss.item())
    action = policy(states[:1]).max(1).indices.view(1, 1)
    return out, action.item(), target.layer1.weight.sum().item()


def piece_gradient_accumulation():
    model = settle(nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 3)))
    crit = nn.CrossEntropyLoss()
    opt = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    x, y = fixed(12, 4), torch.arange(12) % 3
    accum = 3
    seen = []
    opt.zero_grad()
    for i, (xb, yb) in enumerate(DataLoader(TensorDataset(x, y), batch_size=2)):
        loss = crit(model(xb), yb) / accum
        loss.backward()
        if (i + 1) % accum == 0:
            opt.step()
            opt.zero_grad()
            seen.append(loss.item() * accum)
    return seen, [p.abs().sum().item() for p in model.parameters()]


def piece_early_stopping():
    class EarlyStopping:
        def __init__(self, patience=2):
            self.patience, self.counter, self.best, self.stop = patience, 0, None, False
            self.weights = None

        def __call__(self, loss, model):
            if self.best is None or loss < self.best - 1e-4:
                self.best, self.counter = loss, 0
                self.weights = copy.deepcopy(model.state_dict())
            else:
                self.counter += 1
                self.stop = self.counter >= self.patience

    model = settle(nn.Linear(3, 1))
    opt = optim.SGD(model.parameters(), lr=0.9)
    x = fixed(10, 3)
    y = x.sum(dim=1, keepdim=True)
    stopper = EarlyStopping()
    epochs = 0
    for epoch in range(30):
        loss = F.mse_loss(model(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        stopper(loss.item(), model)
        epochs += 1
        if stopper.stop:
            break
    model.load_state_dict(stopper.weights)
    return epochs, stopper.best, model.weight.tolist()


def piece_sequential_ordered_dict():
    model = nn.Sequential(
        OrderedDict(
            [
                ("conv1", nn.Conv2d(1, 4, 3)),
                ("relu1", nn.ReLU()),
                ("pool", nn.MaxPool2d(2)),
                ("flat", nn.Flatten()),
                ("fc", nn.Linear(4 * 3 * 3, 2)),
            ]
        )
    )
    settle(model)
    y = model(fixed(2, 1, 8, 8))
    return (
        str(model),
        y.tolist(),
        model.fc.weight.shape[0],
        list(model._modules.keys()),
        model[0].kernel_size,
        len(model),
        isinstance(model[1], nn.ReLU),
    )

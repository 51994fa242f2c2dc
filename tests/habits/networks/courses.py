"""Longer pieces: what courses build up to."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def fill(model, scale=0.3):
    with torch.no_grad():
        for i, p in enumerate(model.parameters()):
            values = torch.sin(torch.arange(p.numel(), dtype=torch.float32) * 0.7 + i)
            p.copy_(values.reshape(p.shape) * scale)
    return model


TEXT = "hello there, these are the words that the little network reads over and over"


class CharRNN(nn.Module):
    def __init__(self, vocab, hidden=8):
        super().__init__()
        self.hidden = hidden
        self.i2h = nn.Linear(vocab + hidden, hidden)
        self.h2o = nn.Linear(hidden, vocab)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, x, h):
        combined = torch.cat((x, h), 1)
        h = torch.tanh(self.i2h(combined))
        return self.softmax(self.h2o(h)), h

    def init_hidden(self):
        return torch.zeros(1, self.hidden)


def piece_names_character_by_character():
    chars = sorted(set(TEXT))
    index = {c: i for i, c in enumerate(chars)}
    model = fill(CharRNN(len(chars)))
    criterion = nn.NLLLoss()
    losses = []
    for _ in range(3):
        h, loss = model.init_hidden(), 0
        model.zero_grad()
        for a, b in zip(TEXT[:12], TEXT[1:13]):
            x = torch.zeros(1, len(chars))
            x[0, index[a]] = 1
            out, h = model(x, h)
            loss += criterion(out, torch.tensor([index[b]]))
        loss.backward()
        for p in model.parameters():
            p.data.add_(p.grad.data, alpha=-0.05)
        losses.append(loss.item() / 12)
    return losses


class Head(nn.Module):
    def __init__(self, n_embd, head_size, block_size):
        super().__init__()
        self.key = nn.Linear(n_embd, head_size, bias=False)
        self.query = nn.Linear(n_embd, head_size, bias=False)
        self.value = nn.Linear(n_embd, head_size, bias=False)
        self.register_buffer("tril", torch.tril(torch.ones(block_size, block_size)))

    def forward(self, x):
        B, T, C = x.shape
        k, q = self.key(x), self.query(x)
        wei = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5
        wei = wei.masked_fill(self.tril[:T, :T] == 0, float("-inf"))
        return F.softmax(wei, dim=-1) @ self.value(x)


class Block(nn.Module):
    def __init__(self, n_embd, n_head, block_size):
        super().__init__()
        self.heads = nn.ModuleList([Head(n_embd, n_embd // n_head, block_size) for _ in range(n_head)])
        self.proj = nn.Linear(n_embd, n_embd)
        self.ffwd = nn.Sequential(nn.Linear(n_embd, 4 * n_embd), nn.ReLU(), nn.Linear(4 * n_embd, n_embd))
        self.ln1, self.ln2 = nn.LayerNorm(n_embd), nn.LayerNorm(n_embd)

    def forward(self, x):
        y = self.ln1(x)
        x = x + self.proj(torch.cat([h(y) for h in self.heads], dim=-1))
        return x + self.ffwd(self.ln2(x))


class TinyGPT(nn.Module):
    def __init__(self, vocab_size, n_embd=8, block_size=6, n_head=2, n_layer=2):
        super().__init__()
        self.token_embedding_table = nn.Embedding(vocab_size, n_embd)
        self.position_embedding_table = nn.Embedding(block_size, n_embd)
        self.blocks = nn.Sequential(*[Block(n_embd, n_head, block_size) for _ in range(n_layer)])
        self.ln_f = nn.LayerNorm(n_embd)
        self.lm_head = nn.Linear(n_embd, vocab_size)

    def forward(self, idx, targets=None):
        B, T = idx.shape
        x = self.token_embedding_table(idx) + self.position_embedding_table(torch.arange(T))
        logits = self.lm_head(self.ln_f(self.blocks(x)))
        if targets is None:
            return logits, None
        B, T, C = logits.shape
        return logits, F.cross_entropy(logits.view(B * T, C), targets.view(B * T))


def piece_a_small_gpt():
    chars = sorted(set(TEXT))
    data = torch.tensor([chars.index(c) for c in TEXT], dtype=torch.long)
    model = fill(TinyGPT(len(chars)))
    opt = torch.optim.AdamW(model.parameters(), lr=1e-2)
    losses = []
    for step in range(4):
        ix = [step * 7 + k for k in (0, 11, 23)]
        x = torch.stack([data[i : i + 6] for i in ix])
        y = torch.stack([data[i + 1 : i + 7] for i in ix])
        _, loss = model(x, y)
        opt.zero_grad(set_to_none=True)
        loss.backward()
        opt.step()
        losses.append(loss.item())
    with torch.no_grad():
        idx = data[:3].view(1, 3)
        for _ in range(3):
            logits, _ = model(idx[:, -6:])
            idx = torch.cat((idx, logits[:, -1, :].argmax(dim=-1, keepdim=True)), dim=1)
    return [*losses, *idx[0].tolist()]


class ResBlock(nn.Module):
    def __init__(self, cin, cout, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut = nn.Sequential()
        if stride != 1 or cin != cout:
            self.shortcut = nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.shortcut(x)
        return self.relu(out)


def piece_a_small_resnet():
    model = fill(
        nn.Sequential(
            ResBlock(1, 3), ResBlock(3, 4, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)
        )
    )
    x = torch.cos(torch.arange(4 * 64, dtype=torch.float32)).reshape(4, 1, 8, 8)
    opt = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    losses = []
    for _ in range(3):
        opt.zero_grad()
        loss = F.cross_entropy(model(x), torch.tensor([0, 1, 2, 1]))
        loss.backward()
        opt.step()
        losses.append(loss.item())
    model.eval()
    return [*losses, *model(x).argmax(1).tolist(), model[0].bn1.running_var.sum().item()]


def piece_sequence_classifier_with_lstm():
    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(10, 4)
            self.lstm = nn.LSTM(4, 5, batch_first=True, bidirectional=True)
            self.fc = nn.Linear(10, 2)

        def forward(self, text):
            _, (hidden, _) = self.lstm(self.embedding(text))
            return self.fc(torch.cat((hidden[-2, :, :], hidden[-1, :, :]), dim=1))

    model = fill(Classifier())
    text = (torch.arange(12) * 5 % 10).view(3, 4)
    opt = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(4):
        opt.zero_grad()
        loss = nn.CrossEntropyLoss()(model(text), torch.tensor([0, 1, 0]))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        opt.step()
    return [loss.item()]


def piece_encoder_and_decoder_with_teacher_forcing():
    encoder, decoder = fill(nn.GRU(3, 4, batch_first=True)), fill(nn.GRUCell(3, 4))
    out = fill(nn.Linear(4, 3))
    source = torch.cos(torch.arange(30, dtype=torch.float32)).view(2, 5, 3)
    target = torch.sin(torch.arange(24, dtype=torch.float32)).view(2, 4, 3)
    _, h = encoder(source)
    h, loss, x = h[0], 0.0, torch.zeros(2, 3)
    for t in range(4):
        h = decoder(x, h)
        loss = loss + F.mse_loss(out(h), target[:, t])
        x = target[:, t]
    loss.backward()
    return [loss.item(), encoder.weight_ih_l0.grad.sum().item(), out.bias.grad.sum().item()]


def piece_a_q_value_update():
    policy, target = (
        fill(nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2))),
        nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2)),
    )
    target.load_state_dict(policy.state_dict())
    opt = torch.optim.AdamW(policy.parameters(), lr=1e-2, amsgrad=True)
    states = torch.cos(torch.arange(20, dtype=torch.float32)).view(5, 4)
    actions = torch.tensor([[0], [1], [1], [0], [1]])
    rewards = torch.arange(5, dtype=torch.float32)
    for _ in range(4):
        values = policy(states).gather(1, actions)
        with torch.no_grad():
            expected = rewards + 0.9 * target(states).max(1).values
        loss = nn.SmoothL1Loss()(values, expected.unsqueeze(1))
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_value_(policy.parameters(), 100)
        opt.step()
        state = target.state_dict()
        for key, value in policy.state_dict().items():
            state[key] = value * 0.1 + state[key] * 0.9
        target.load_state_dict(state)
    return [loss.item(), target[2].bias.sum().item()]


def piece_distillation():
    teacher, student = fill(nn.Linear(4, 3), 1.0), fill(nn.Linear(4, 3), 0.1)
    x, y, T = torch.cos(torch.arange(24, dtype=torch.float32)).view(6, 4), torch.arange(6) % 3, 2.0
    opt = torch.optim.SGD(student.parameters(), lr=0.3)
    for _ in range(5):
        with torch.no_grad():
            soft = F.softmax(teacher(x) / T, dim=-1)
        logits = student(x)
        distill = F.kl_div(F.log_softmax(logits / T, dim=-1), soft, reduction="batchmean") * T * T
        loss = 0.5 * distill + 0.5 * F.cross_entropy(logits, y)
        opt.zero_grad()
        loss.backward()
        opt.step()
    return [loss.item(), distill.item()]


def piece_manual_backprop_checked():
    x, y = torch.cos(torch.arange(12, dtype=torch.float32)).view(4, 3), torch.tensor([0, 1, 2, 1])
    W = torch.sin(torch.arange(9, dtype=torch.float32)).view(3, 3).requires_grad_()
    logits = x @ W
    loss = F.cross_entropy(logits, y)
    logits.retain_grad()
    loss.backward()
    with torch.no_grad():
        dlogits = F.softmax(logits, 1)
        dlogits[range(4), y] -= 1
        dlogits /= 4
        dW = x.T @ dlogits
    return [
        torch.allclose(logits.grad, dlogits, atol=1e-6),
        torch.allclose(W.grad, dW, atol=1e-6),
        (W.grad - dW).abs().max().item() < 1e-6,
    ]


def piece_contrastive_pairs():
    encoder = fill(nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3)))
    a = torch.cos(torch.arange(16, dtype=torch.float32)).view(4, 4)
    b = a + 0.1 * torch.sin(torch.arange(16, dtype=torch.float32)).view(4, 4)
    za, zb = F.normalize(encoder(a), dim=-1), F.normalize(encoder(b), dim=-1)
    logits = za @ zb.t() / 0.5
    labels = torch.arange(4)
    loss = (F.cross_entropy(logits, labels) + F.cross_entropy(logits.t(), labels)) / 2
    loss.backward()
    return [loss.item(), encoder[0].weight.grad.norm().item()]

"""Training loops as courses and tutorials write them."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset


def fill(model, scale=0.4):
    with torch.no_grad():
        for i, p in enumerate(model.parameters()):
            values = torch.sin(torch.arange(p.numel(), dtype=torch.float32) * 0.7 + i)
            p.copy_(values.reshape(p.shape) * scale)
    return model


def grid(rows, columns, shift=0.0):
    return torch.cos(torch.arange(rows * columns, dtype=torch.float32) * 1.3 + shift).reshape(rows, columns)


def piece_line_by_gradient_descent():
    x = torch.linspace(-1, 1, 20)
    y = 3 * x + 0.5
    w = torch.zeros(1, requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    for _ in range(100):
        loss = ((w * x + b - y) ** 2).mean()
        loss.backward()
        with torch.no_grad():
            w -= 0.1 * w.grad
            b -= 0.1 * b.grad
        w.grad.zero_()
        b.grad.zero_()
    return [w.item(), b.item(), loss.item()]


def piece_polynomial_fitted_to_sine():
    x = torch.linspace(-math.pi, math.pi, 200)
    y = torch.sin(x)
    xx = x.unsqueeze(-1).pow(torch.tensor([1, 2, 3]))
    model = fill(nn.Sequential(nn.Linear(3, 1), nn.Flatten(0, 1)))
    loss_fn = nn.MSELoss(reduction="sum")
    for _ in range(50):
        loss = loss_fn(model(xx), y)
        model.zero_grad()
        loss.backward()
        with torch.no_grad():
            for param in model.parameters():
                param -= 1e-6 * param.grad
    return [loss.item(), *model[0].weight.flatten().tolist()]


def piece_linear_regression_with_sgd():
    x, y = grid(16, 1), grid(16, 1, 0.5)
    model = fill(nn.Linear(1, 1))
    criterion = nn.MSELoss()
    optimizer = optim.SGD(model.parameters(), lr=0.05)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def piece_logistic_regression():
    x = grid(12, 3)
    y = (x.sum(dim=1, keepdim=True) > 0).float()
    model = fill(nn.Sequential(nn.Linear(3, 1), nn.Sigmoid()))
    loss_fn = nn.BCELoss()
    opt = optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    for _ in range(15):
        p = model(x)
        loss = loss_fn(p, y)
        opt.zero_grad()
        loss.backward()
        opt.step()
    accuracy = ((p > 0.5).float() == y).float().mean()
    return [loss.item(), accuracy.item()]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(6, 8)
        self.fc2 = nn.Linear(8, 3)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        return self.fc2(x)


def piece_classifier_with_cross_entropy_and_adam():
    model = fill(Net())
    x, y = grid(9, 6), torch.arange(9) % 3
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(20):
        optimizer.zero_grad()
        output = model(x)
        loss = criterion(output, y)
        loss.backward()
        optimizer.step()
    _, predicted = torch.max(output, 1)
    correct = (predicted == y).sum().item()
    return [loss.item(), correct, *output[0].tolist()]


def piece_epochs_over_a_dataloader():
    x, y = grid(20, 6), torch.arange(20) % 3
    loader = DataLoader(TensorDataset(x, y), batch_size=6, shuffle=False)
    model = fill(Net())
    opt = optim.SGD(model.parameters(), lr=0.1)
    history = []
    for _epoch in range(3):
        running, seen = 0.0, 0
        for inputs, labels in loader:
            opt.zero_grad()
            loss = F.cross_entropy(model(inputs), labels)
            loss.backward()
            opt.step()
            running += loss.item() * inputs.size(0)
            seen += inputs.size(0)
        history.append(running / seen)
    return history


def train_one_epoch(loader, model, loss_fn, optimizer):
    model.train()
    for X, y in loader:
        pred = model(X)
        loss = loss_fn(pred, y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()


def test_loop(loader, model, loss_fn):
    model.eval()
    size, num_batches = len(loader.dataset), len(loader)
    test_loss, correct = 0, 0
    with torch.no_grad():
        for X, y in loader:
            pred = model(X)
            test_loss += loss_fn(pred, y).item()
            correct += (pred.argmax(1) == y).type(torch.float).sum().item()
    return test_loss / num_batches, correct / size


def piece_train_and_test_loops_of_the_quickstart():
    x, y = grid(24, 6), (torch.arange(24) * 7) % 3
    train = DataLoader(TensorDataset(x[:16], y[:16]), batch_size=4)
    test = DataLoader(TensorDataset(x[16:], y[16:]), batch_size=4)
    model = fill(Net())
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-1)
    found = []
    for _ in range(4):
        train_one_epoch(train, model, nn.CrossEntropyLoss(), optimizer)
        found += test_loop(test, model, nn.CrossEntropyLoss())
    return found


def piece_log_softmax_with_nll():
    model = fill(nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 4), nn.LogSoftmax(dim=1)))
    x, y = grid(8, 4), torch.arange(8) % 4
    opt = optim.RMSprop(model.parameters(), lr=0.01, alpha=0.9)
    for _ in range(10):
        opt.zero_grad()
        loss = nn.NLLLoss()(model(x), y)
        loss.backward()
        opt.step()
    return [loss.item(), *torch.exp(model(x))[0].tolist()]


def piece_autoencoder():
    encoder = nn.Sequential(nn.Linear(8, 4), nn.ReLU(True), nn.Linear(4, 2))
    decoder = nn.Sequential(nn.Linear(2, 4), nn.ReLU(True), nn.Linear(4, 8), nn.Sigmoid())
    model = fill(nn.Sequential(encoder, decoder))
    x = torch.sigmoid(grid(10, 8))
    opt = optim.Adam(model.parameters(), lr=1e-2, weight_decay=1e-5)
    for _ in range(15):
        loss = F.mse_loss(model(x), x)
        opt.zero_grad()
        loss.backward()
        opt.step()
    return [loss.item(), *encoder(x)[0].tolist()]


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(6, 5)
        self.mu, self.logvar = nn.Linear(5, 2), nn.Linear(5, 2)
        self.out = nn.Linear(2, 6)

    def forward(self, x, eps):
        h = torch.relu(self.hidden(x))
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + eps * torch.exp(0.5 * logvar)
        return torch.sigmoid(self.out(z)), mu, logvar


def piece_variational_autoencoder():
    model, x, eps = fill(VAE()), torch.sigmoid(grid(7, 6)), grid(7, 2, 2.0)
    opt = optim.Adam(model.parameters(), lr=0.01)
    for _ in range(8):
        recon, mu, logvar = model(x, eps)
        bce = F.binary_cross_entropy(recon, x, reduction="sum")
        kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
        loss = bce + kld
        opt.zero_grad()
        loss.backward()
        opt.step()
    return [bce.item(), kld.item()]


def piece_two_optimisers_as_in_a_gan():
    G = fill(nn.Sequential(nn.Linear(2, 4), nn.LeakyReLU(0.2), nn.Linear(4, 3), nn.Tanh()))
    D = fill(nn.Sequential(nn.Linear(3, 4), nn.LeakyReLU(0.2), nn.Linear(4, 1)), 0.3)
    opt_g = optim.Adam(G.parameters(), lr=0.01, betas=(0.5, 0.999))
    opt_d = optim.Adam(D.parameters(), lr=0.01, betas=(0.5, 0.999))
    criterion = nn.BCEWithLogitsLoss()
    real, noise = grid(5, 3), grid(5, 2, 1.0)
    ones, zeros = torch.ones(5, 1), torch.zeros(5, 1)
    found = []
    for _ in range(5):
        opt_d.zero_grad()
        loss_d = criterion(D(real), ones) + criterion(D(G(noise).detach()), zeros)
        loss_d.backward()
        opt_d.step()
        opt_g.zero_grad()
        loss_g = criterion(D(G(noise)), ones)
        loss_g.backward()
        opt_g.step()
        found += [loss_d.item(), loss_g.item()]
    return found


def piece_gradients_accumulated_over_batches():
    model, x, y = fill(Net()), grid(12, 6), torch.arange(12) % 3
    opt = optim.SGD(model.parameters(), lr=0.1)
    accumulation_steps = 3
    for i in range(12 // 2):
        loss = F.cross_entropy(model(x[2 * i : 2 * i + 2]), y[2 * i : 2 * i + 2]) / accumulation_steps
        loss.backward()
        if (i + 1) % accumulation_steps == 0:
            opt.step()
            opt.zero_grad()
    return model.fc2.bias.tolist()


def piece_early_stopping_with_the_best_state():
    model, x, y = fill(nn.Linear(3, 1)), grid(8, 3), grid(8, 1, 2.0)
    opt = optim.SGD(model.parameters(), lr=1.2)
    best, best_state, patience = float("inf"), None, 0
    for _ in range(30):
        loss = F.mse_loss(model(x), y)
        if loss.item() < best:
            best, patience = loss.item(), 0
            best_state = {k: v.clone() for k, v in model.state_dict().items()}
        else:
            patience += 1
            if patience > 3:
                break
        opt.zero_grad()
        loss.backward()
        opt.step()
    model.load_state_dict(best_state)
    return [best, F.mse_loss(model(x), y).item()]


def piece_a_regulariser_in_the_loss():
    model, x, y = fill(Net()), grid(9, 6), torch.arange(9) % 3
    opt = optim.SGD(model.parameters(), lr=0.05)
    for _ in range(5):
        l1 = sum(p.abs().sum() for p in model.parameters())
        l2 = sum((p**2).sum() for p in model.parameters())
        loss = F.cross_entropy(model(x), y) + 1e-3 * l1 + 1e-4 * l2
        opt.zero_grad()
        loss.backward()
        opt.step()
    return [loss.item(), l1.item(), l2.item()]


def piece_lbfgs_with_a_closure():
    model, x, y = fill(nn.Linear(3, 1)), grid(10, 3), grid(10, 1, 1.0)
    opt = optim.LBFGS(model.parameters(), lr=0.5, max_iter=5)

    def closure():
        opt.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        return loss

    return [opt.step(closure).item() for _ in range(3)]


def piece_momentum_written_by_hand():
    x, y = grid(10, 2), grid(10, 1, 1.0)
    w = torch.full((2, 1), 0.5, requires_grad=True)
    velocity = torch.zeros_like(w)
    for _ in range(20):
        loss = (x @ w - y).pow(2).mean()
        loss.backward()
        with torch.no_grad():
            velocity.mul_(0.9).add_(w.grad)
            w.sub_(0.05 * velocity)
            w.grad = None
    return [loss.item(), *w.flatten().tolist()]


def piece_mlp_without_nn():
    W1, b1 = (grid(4, 6) * 0.5).requires_grad_(), torch.zeros(6, requires_grad=True)
    W2, b2 = (grid(6, 3, 1.0) * 0.5).requires_grad_(), torch.zeros(3, requires_grad=True)
    parameters = [W1, b1, W2, b2]
    X, Y = grid(9, 4, 0.3), torch.arange(9) % 3
    for _ in range(10):
        h = torch.tanh(X @ W1 + b1)
        logits = h @ W2 + b2
        loss = F.cross_entropy(logits, Y)
        for p in parameters:
            p.grad = None
        loss.backward()
        for p in parameters:
            p.data += -0.1 * p.grad
    return [loss.item(), *b2.tolist()]


def piece_bigram_counts_and_likelihood():
    words = ["emma", "olivia", "ava"]
    chars = sorted(set("".join(words)))
    stoi = {s: i + 1 for i, s in enumerate(chars)}
    stoi["."] = 0
    N = torch.zeros((len(stoi), len(stoi)), dtype=torch.int32)
    for w in words:
        chs = ["."] + list(w) + ["."]
        for c1, c2 in zip(chs, chs[1:]):
            N[stoi[c1], stoi[c2]] += 1
    P = (N + 1).float()
    P /= P.sum(1, keepdim=True)
    log_likelihood = 0.0
    for w in words:
        chs = ["."] + list(w) + ["."]
        for c1, c2 in zip(chs, chs[1:]):
            log_likelihood += torch.log(P[stoi[c1], stoi[c2]])
    return [log_likelihood.item(), N.sum().item(), *P[0].tolist()]


def piece_bigrams_by_one_hot_and_gradient():
    xs, ys = torch.tensor([0, 5, 1, 1, 2]), torch.tensor([5, 1, 1, 2, 0])
    W = (grid(6, 6) * 0.8).requires_grad_()
    for _ in range(10):
        xenc = F.one_hot(xs, num_classes=6).float()
        logits = xenc @ W
        counts = logits.exp()
        probs = counts / counts.sum(1, keepdims=True)
        loss = -probs[torch.arange(5), ys].log().mean() + 0.01 * (W**2).mean()
        W.grad = None
        loss.backward()
        W.data += -5 * W.grad
    return [loss.item()]

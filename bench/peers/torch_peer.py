"""Times of PyTorch for the cases of bench/: python3 torch_peer.py KEY..., prints JSON. Threads are pinned by the caller."""
import json
import os
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
DTYPES = {"f32": torch.float32, "f64": torch.float64}


def conv(dtype, batch, part):
    x, w = torch.randn(int(batch), 16, 64, 64, dtype=DTYPES[dtype]), torch.randn(16, 16, 3, 3, dtype=DTYPES[dtype])
    ct = torch.randn(int(batch), 16, 64, 64, dtype=DTYPES[dtype])
    if part == "forward":
        return lambda: F.conv2d(x, w, padding=1)
    if part == "input":
        return lambda: nn.grad.conv2d_input(x.shape, w, ct, padding=1)
    return lambda: nn.grad.conv2d_weight(x, w.shape, ct, padding=1)


def block(c_in, filters):
    half = lambda c: [nn.Conv2d(c, filters, 3, padding=1), nn.BatchNorm2d(filters), nn.ReLU()]
    return nn.Sequential(*half(c_in), *half(filters))


class UNet(nn.Module):
    """The U-net of PhiML with 4 levels of 16 filters, as uNet of ops/nn."""

    def __init__(self, levels=4, filters=16):
        super().__init__()
        self.inc = block(1, filters)
        self.down = nn.ModuleList(block(filters, filters) for _ in range(levels - 1))
        self.up = nn.ModuleList(block(2 * filters, filters) for _ in range(levels - 1))
        self.outc = nn.Conv2d(filters, 1, 1)

    def forward(self, x):
        path = [self.inc(x)]
        for down in self.down:
            path.append(down(F.max_pool2d(path[-1], 2)))
        h = path.pop()
        for up in self.up:
            wide = F.interpolate(h, scale_factor=2, mode="bilinear", align_corners=False)
            h = up(torch.cat([path.pop(), wide], 1))
        return self.outc(h)


def heat(batch, n=64, amount=8.0):
    """One SIP step of experiments/heat.ts: physics in f64, network in f32, Adam on a proxy loss."""
    net = UNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3, eps=1e-7)
    k = 2 * torch.pi * torch.fft.fftfreq(n, dtype=torch.float64)
    damping = torch.exp(-amount * (k[:, None] ** 2 + k[None, :] ** 2))
    diffuse = lambda x: torch.fft.ifft2(torch.fft.fft2(x) * damping).real
    stable = torch.where(damping > 1e-6, 1 / damping, torch.zeros_like(damping))

    def step():
        x_true = torch.rand(int(batch), n, n, dtype=torch.float64)
        y_true = diffuse(x_true)
        raw = net(y_true.float()[:, None])[:, 0]
        x = (raw + x_true.mean((1, 2), keepdim=True).float() - raw.mean((1, 2), keepdim=True)).double()
        with torch.no_grad():
            y = diffuse(x)
            target = x + torch.fft.ifft2(torch.fft.fft2(y_true - y) * stable).real
        optimizer.zero_grad()
        (0.5 * (x - target) ** 2).sum().backward()
        optimizer.step()

    return step


def mlp(*widths, activation=nn.Tanh):
    layers = []
    for i, (a, b) in enumerate(zip(widths, widths[1:])):
        layers += [nn.Linear(a, b)] + ([activation()] if i + 2 < len(widths) else [])
    return nn.Sequential(*layers).double()


def oscillators(u, x, masses=2, dt=0.5, coupling=0.2):
    """The linear chain of physics/oscillators.ts by RK4: controls u [B, steps] from the states x [B, 2 masses]."""
    n = masses
    A = torch.zeros(2 * n, 2 * n, dtype=torch.float64)
    for i in range(n):
        A[i, n + i] = 1
        A[n + i, i] = -1
        for j in (i - 1, i + 1):
            if 0 <= j < n:
                A[n + i, j] += coupling
                A[n + i, i] -= coupling
    push = torch.zeros(2 * n, dtype=torch.float64)
    push[-1] = 1
    for t in range(u.shape[1]):
        f = lambda s: s @ A.T + u[:, t : t + 1] * push
        k1 = f(x)
        k2 = f(x + dt / 2 * k1)
        k3 = f(x + dt / 2 * k2)
        k4 = f(x + dt * k3)
        x = x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return x


def hig(problem, part="step"):
    """
    One step of half-inverse gradients as it is written in PyTorch: a backward pass for each of the K outputs of a sample,
    batched over the samples by stacked cotangents where that is exact, then the thin SVD. `part`: step, jacobian or svd.
    """
    batch, widths, K, physics, rcond = {
        "oscillators": (32, (4, 20, 20, 20, 24), 4, oscillators, 1e-10),
        "oscillators-nonlinear": (128, (4, 20, 20, 20, 96), 4, None, 1e-6),
        "quantum-dipole": (16, (28, 20, 20, 20, 384), 28, None, 1e-5),
        "poisson-hig": (64, (64, 64, 128, 64, 64), 64, None, 1e-5),
    }[problem]
    net = mlp(*widths, activation=nn.ReLU if problem == "oscillators-nonlinear" else nn.Tanh)
    linear = torch.randn(widths[-1], K, dtype=torch.float64)
    x = torch.rand(batch, widths[0], dtype=torch.float64)
    layers = [layer for layer in net if isinstance(layer, nn.Linear)]
    kept = {}
    for layer in layers:
        layer.register_forward_hook(lambda layer, ins, out: kept.__setitem__(layer, (ins[0].detach(), out)))

    def jacobian():
        """Per sample, from the layers' inputs and the cotangents of their outputs: one backward pass for each output."""
        u = net(x)
        y = oscillators(u, x) if physics else u @ linear
        rows = []
        for k in range(K):
            cts = torch.autograd.grad(y[:, k].sum(), [kept[layer][1] for layer in layers], retain_graph=True)
            parts = []
            for layer, ct in zip(layers, cts):
                parts += [(ct[:, :, None] * kept[layer][0][:, None, :]).flatten(1), ct]
            rows.append(torch.cat(parts, 1))
        return y.detach(), torch.stack(rows, 1).flatten(0, 1)

    def step(J, g):
        U, s, V = torch.linalg.svd(J, full_matrices=False)
        power = torch.where(s > rcond * s[0], s ** -0.5, torch.zeros_like(s))
        return V.T @ (power * (U.T @ g))

    if part == "jacobian":
        return jacobian
    y, J = jacobian()
    g = torch.randn(J.shape[0], dtype=torch.float64)
    if part == "svd":
        return lambda: step(J, g)
    return lambda: step(jacobian()[1], g)


MAKERS = dict(conv=conv, heat=heat, hig=hig)


def median(run):
    run()
    times = []
    begin = time.perf_counter()
    while len(times) < 3 or (time.perf_counter() - begin < 1 and len(times) < 31):
        start = time.perf_counter()
        run()
        times.append(1000 * (time.perf_counter() - start))
    return sorted(times)[len(times) // 2]


result = {}
for key in sys.argv[1:]:
    name, *args = key.split()
    result[key] = median(MAKERS[name](*args))
print(json.dumps({"about": f"torch {torch.__version__}", "ms": result}))

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


def rk4(f, x, u, dt):
    """A step of RK4 for each control, which is constant over it: u [B, steps]."""
    for t in range(u.shape[1]):
        now = u[:, t : t + 1]
        k1 = f(x, now)
        k2 = f(x + dt / 2 * k1, now)
        k3 = f(x + dt / 2 * k2, now)
        k4 = f(x + dt * k3, now)
        x = x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return x


def linear_oscillators(u, x):
    """Two masses of experiments/oscillators.ts: controls u [B, 24] from the states x [B, 4]."""
    A = torch.tensor([[0, 0, 1, 0], [0, 0, 0, 1], [-1.2, 0.2, 0, 0], [0.2, -1.2, 0, 0]], dtype=torch.float64)
    push = torch.tensor([0, 0, 0, 1], dtype=torch.float64)
    return rk4(lambda s, now: s @ A.T + now * push, x, u, 0.5)


def cubic_oscillators(u, x):
    """Two masses of experiments/oscillatorsNonlinear.ts: cubic springs, controls u [B, 96]."""

    def f(s, now):
        x1, x2, v1, v2 = s.split(1, 1)
        pull = (x2 - x1) ** 3
        return torch.cat([v1, v2, pull - x1, 3 * now - pull - x2], 1)

    return rk4(f, x, u, 0.125)


def quantum_dipole(u, x, n=14, dx=2 / 15, dt=0.05):
    """Crank and Nicolson's rule of experiments/quantumDipole.ts: controls u [B, 384], pairs (re, im) out [B, 28]."""
    j = torch.arange(1, n + 1, dtype=torch.float64)
    beside = torch.diag(torch.ones(n - 1, dtype=torch.float64), 1)
    kinetic = (2 * torch.eye(n, dtype=torch.float64) - beside - beside.T) / dx**2
    eye = torch.eye(n, dtype=torch.complex128)
    psi = (2 / (n + 1)) ** 0.5 * torch.sin(torch.pi * j / (n + 1)).to(torch.complex128).expand(len(u), n)
    for t in range(u.shape[1]):
        A = eye + 0.5j * dt * (kinetic + torch.diag_embed(u[:, t : t + 1] * (j * dx)))
        psi = 2 * torch.linalg.solve(A, psi) - psi
    return torch.view_as_real(psi).flatten(1)


def laplace(u, x, n=8):
    """The five-point Laplacian on 8x8 cells, 0 on the walls, of experiments/poissonHig.ts."""
    line = -2 * torch.eye(n, dtype=torch.float64)
    line += torch.diag(torch.ones(n - 1, dtype=torch.float64), 1) + torch.diag(torch.ones(n - 1, dtype=torch.float64), -1)
    eye = torch.eye(n, dtype=torch.float64)
    return u @ (torch.kron(line, eye) + torch.kron(eye, line))


def hig(problem, part="step"):
    """
    One step of half-inverse gradients as it is written in PyTorch: the K cotangents of each sample's outputs, batched
    over the samples (and, where that is faster, over the outputs by vmap), stacked with the layers' inputs to J; then its
    thin SVD. `part`: step, jacobian or svd.
    """
    batch, widths, K, physics, rcond, together = {
        "oscillators": (32, (4, 20, 20, 20, 24), 4, linear_oscillators, 1e-10, False),
        "oscillators-nonlinear": (128, (4, 20, 20, 20, 96), 4, cubic_oscillators, 1e-6, True),
        "quantum-dipole": (16, (28, 20, 20, 20, 384), 28, quantum_dipole, 1e-5, True),
        "poisson-hig": (64, (64, 64, 128, 64, 64), 64, laplace, 1e-5, True),
    }[problem]
    net = mlp(*widths, activation=nn.ReLU if problem == "oscillators-nonlinear" else nn.Tanh)
    x = torch.rand(batch, widths[0], dtype=torch.float64)
    layers = [layer for layer in net if isinstance(layer, nn.Linear)]
    kept = {}
    for layer in layers:
        layer.register_forward_hook(lambda layer, ins, out: kept.__setitem__(layer, (ins[0].detach(), out)))

    def cotangents(y):
        """Of the outputs of each layer: [K, B, width]."""
        outs = [kept[layer][1] for layer in layers]
        if together:
            seeds = torch.eye(K, dtype=torch.float64)[:, None, :].expand(K, batch, K)
            return torch.autograd.grad(y, outs, seeds, is_grads_batched=True)
        rows = [torch.autograd.grad(y[:, k].sum(), outs, retain_graph=True) for k in range(K)]
        return [torch.stack(parts) for parts in zip(*rows)]

    def jacobian():
        y = physics(net(x), x)
        parts = []
        for layer, ct in zip(layers, cotangents(y)):
            parts += [(ct[..., :, None] * kept[layer][0][:, None, :]).flatten(2), ct]
        return y.detach(), torch.cat(parts, 2).transpose(0, 1).flatten(0, 1)

    def step(J, g):
        U, s, V = torch.linalg.svd(J, full_matrices=False)
        power = torch.where(s > rcond * s[0], s**-0.5, torch.zeros_like(s))
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

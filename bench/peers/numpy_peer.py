"""Times of NumPy for the cases of bench/: python3 numpy_peer.py KEY..., prints JSON. Threads are pinned by the caller."""
import json
import sys
import time

import numpy as np

random = np.random.default_rng(0)


def uniform(shape, dtype):
    return random.uniform(-1, 1, shape).astype(dtype)


DTYPES = {"f32": np.float32, "f64": np.float64}


def matmul(dtype, n):
    a, b = uniform((int(n), int(n)), DTYPES[dtype]), uniform((int(n), int(n)), DTYPES[dtype])
    return lambda: a @ b


def batched(dtype, batch, n):
    a, b = (uniform((int(batch), int(n), int(n)), DTYPES[dtype]) for _ in range(2))
    return lambda: a @ b


def elementwise(name, dtype, n):
    x = uniform(int(n), DTYPES[dtype])
    return lambda: getattr(np, name)(x)


def total(dtype, n):
    x = uniform(int(n), DTYPES[dtype])
    return lambda: x.sum()


def softmax(dtype, rows, columns):
    x = uniform((int(rows), int(columns)), DTYPES[dtype])

    def run():
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    return run


def svd(m, n):
    x = uniform((int(m), int(n)), np.float64)
    return lambda: np.linalg.svd(x, full_matrices=False)


def fft2(batch, n):
    x = uniform((int(batch), int(n), int(n)), np.float64) + 0j
    return lambda: np.fft.fft2(x)


MAKERS = dict(matmul=matmul, batched=batched, elementwise=elementwise, total=total, softmax=softmax, svd=svd, fft2=fft2)


def median(run):
    run()
    times = []
    begin = time.perf_counter()
    while len(times) < 3 or (time.perf_counter() - begin < 0.5 and len(times) < 31):
        start = time.perf_counter()
        run()
        times.append(1000 * (time.perf_counter() - start))
    return sorted(times)[len(times) // 2]


result = {}
for key in sys.argv[1:]:
    name, *args = key.split()
    result[key] = median(MAKERS[name](*args))
print(json.dumps({"about": f"numpy {np.__version__}", "ms": result}))

"""Arrays whose dtype equals NumPy's own and is another object: from a pickle, a deep copy, with metadata."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import nn, optim
from tinygrad_mnist.primitive import REGISTRY
from tinygrad_mnist.testing.calls import primitive_call

COPIES = {
    "metadata": lambda x: x.astype(np.dtype(x.dtype, metadata={"unit": "m"})),
    "pickle": lambda x: pickle.loads(pickle.dumps(x)),
    "deepcopy": lambda x: x.astype(copy.deepcopy(x.dtype)),
}


@pytest.mark.parametrize("name", COPIES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "uint8", "bool"])
def test_tensors_have_numpys_own_dtype(name: str, dtype: str) -> None:
    array = COPIES[name](np.array([1, 0, 2], dtype))
    assert array.dtype is not np.dtype(dtype)
    made = [tg.Tensor(array), tg.from_numpy(array), tg.as_tensor(array), tg.from_dlpack(array)]
    made += [tg.zeros(3, dtype=array.dtype), tg.ones(3).to(array.dtype)]
    for x in made:
        assert x.dtype is np.dtype(dtype)
    double = lambda x: (x * 2, x.sum(), x.max())
    for x in made[:4]:
        np.testing.assert_array_equal(x.data.numpy(), array)
        for y, z in zip(double(x), tg.jit(double)(x), strict=True):
            np.testing.assert_array_equal(y.numpy(), z.numpy())
    shared = tg.from_numpy(array)
    array[0] = 0
    assert shared.tolist() == np.asarray(array).tolist()  # it is the array's memory still


@pytest.mark.parametrize("name", COPIES)
def test_every_operation_on_such_arrays(name: str) -> None:
    rng = np.random.default_rng(0)
    tried = 0
    for p in REGISTRY.values():
        for case in p.cases or [((2, 3),) * p.arity]:
            call = primitive_call(p, case)
            if not call.shapes or any(kind not in ("real", "bool") for kind in call.kinds):
                continue
            arrays = [
                np.asarray(rng.uniform(*call.domain, shape), "f" if kind == "real" else "?")
                for shape, kind in zip(call.shapes, call.kinds, strict=True)
            ]
            params = case[p.arity :]
            want = np.asarray(p.run(*arrays, *params))
            got = np.asarray(p.run(*map(COPIES[name], arrays), *params))
            np.testing.assert_array_equal(got, want, err_msg=call.name)
            tried += 1
    assert tried > 100


@pytest.mark.parametrize("name", COPIES)
def test_training_on_such_arrays(name: str) -> None:
    results = []
    for change in (lambda x: x, COPIES[name]):
        p = nn.Parameter(change(np.ones((3, 3), "f")))
        optimizer = optim.AdamW([p], 0.1)
        x = change(np.arange(9, dtype="f").reshape(3, 3))
        for _ in range(2):
            optimizer.zero_grad()
            ((p @ tg.Tensor(x)).exp().log_softmax(1) * x).sum().backward()
            optimizer.step()
        results.append(p.tolist())
    assert results[0] == results[1]


def test_a_pickled_tensor_computes() -> None:
    x = pickle.loads(pickle.dumps(tg.Tensor([1.0, 2.0], requires_grad=True)))
    y = copy.deepcopy(x)
    for z in (x, y):
        (z.exp() * z).sum().backward()
        assert z.grad.shape == (2,)

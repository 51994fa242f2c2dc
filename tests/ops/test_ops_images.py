"""Convolution, pooling and resizing against loops that say what is meant; compiled; refusals."""

import itertools

import numpy as np
import pytest

import tinygrad_mnist as tg
from tinygrad_mnist import ops
from tinygrad_mnist.errors import ShapeError

RNG = np.random.default_rng(3)


def convolved(x, w, stride, padding, dilation, groups):
    x = np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))
    reach = [d * (k - 1) for k, d in zip(w.shape[2:], dilation)]
    h, v = ((n - r - 1) // s + 1 for n, r, s in zip(x.shape[2:], reach, stride))
    y = np.zeros((x.shape[0], w.shape[0], h, v))
    for o, i, j in np.ndindex(y.shape[1:]):
        g = o // (w.shape[0] // groups)
        channels = slice(g * w.shape[1], (g + 1) * w.shape[1])
        rows = slice(i * stride[0], i * stride[0] + reach[0] + 1, dilation[0])
        columns = slice(j * stride[1], j * stride[1] + reach[1] + 1, dilation[1])
        y[:, o, i, j] = (x[:, channels, rows, columns] * w[o]).sum((1, 2, 3))
    return y


CONVOLUTIONS = [
    *itertools.product([(1, 1), (2, 1)], [(0, 0), (2, 1)], [(1, 1), (1, 2)], [1, 2]),
]


@pytest.mark.parametrize(("stride", "padding", "dilation", "groups"), CONVOLUTIONS)
def test_convolution_and_its_transpose(stride, padding, dilation, groups):
    x, w = RNG.normal(size=(2, 4, 6, 5)), RNG.normal(size=(6, 4 // groups, 3, 2))
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    y = ops.conv2d(tg.Tensor(x), tg.Tensor(w), **options)
    np.testing.assert_allclose(y, convolved(x, w, **options), rtol=1e-12, atol=1e-12)
    # <g, conv(x)> is <transpose(g), x>, where the sizes go both ways without a rest
    g = RNG.normal(size=y.shape)
    more = [
        (n + 2 * p - d * (k - 1) - 1) % s for n, p, d, k, s in zip((6, 5), padding, dilation, (3, 2), stride)
    ]
    back = ops.conv_transpose2d(tg.Tensor(g), tg.Tensor(w), output_padding=tuple(more), **options)
    assert np.sum(np.asarray(back) * x) == pytest.approx(np.sum(g * np.asarray(y)))


def test_convolution_along_one_axis_same_and_bias():
    x, w, b = RNG.normal(size=(2, 3, 7)), RNG.normal(size=(4, 3, 4)), RNG.normal(size=4)
    y = ops.conv1d(tg.Tensor(x), tg.Tensor(w), tg.Tensor(b), padding="same")
    expected = convolved(
        np.pad(x, ((0, 0), (0, 0), (1, 2)))[:, :, None], w[:, :, None], (1, 1), (0, 0), (1, 1), 1
    )
    np.testing.assert_allclose(y, expected[:, :, 0] + b[:, None], rtol=1e-12)
    one = ops.conv2d(tg.Tensor(x[:, None][0]), tg.Tensor(w[:1, :1, None]))
    assert one.shape == (1, 3, 4)


def test_convolution_of_integers_and_of_mixed_dtypes():
    x, w = np.arange(18).reshape(1, 2, 3, 3), np.arange(8).reshape(1, 2, 2, 2)
    y = ops.conv2d(tg.Tensor(x), tg.Tensor(w))
    assert y.dtype == np.int64
    np.testing.assert_array_equal(y, convolved(x, w, (1, 1), (0, 0), (1, 1), 1))
    z = ops.conv_transpose2d(y.float(), tg.Tensor(w))
    assert z.dtype == np.float32
    np.testing.assert_array_equal(z[0, 1, 0], [4 * 268, 5 * 268 + 4 * 296, 5 * 296])


@pytest.mark.parametrize(("kernel", "stride", "padding"), [(2, None, 0), ((2, 3), (1, 2), 1), (3, 2, 1)])
def test_pooling(kernel, stride, padding):
    x = RNG.normal(size=(2, 3, 7, 6))
    k = np.broadcast_to(kernel, 2)
    s = k if stride is None else np.broadcast_to(stride, 2)
    for name, reduce, outside in (("max_pool2d", np.max, -np.inf), ("avg_pool2d", np.mean, 0.0)):
        p = np.pad(x, ((0, 0), (0, 0), (padding,) * 2, (padding,) * 2), constant_values=outside)
        patches = np.lib.stride_tricks.sliding_window_view(p, k, (2, 3))[:, :, :: s[0], :: s[1]]
        found = getattr(ops, name)(tg.Tensor(x), kernel, stride, padding)
        np.testing.assert_allclose(found, reduce(patches, (4, 5)), rtol=1e-12)


def test_pooling_over_the_end():
    x = tg.Tensor(np.arange(25.0).reshape(1, 5, 5))
    assert ops.max_pool2d(x, 2, ceil_mode=True)[0].tolist() == [[6, 8, 9], [16, 18, 19], [21, 23, 24]]
    assert ops.avg_pool2d(x, 2, ceil_mode=True)[0, 2].tolist() == [20.5, 22.5, 24]
    inside = ops.avg_pool2d(x, 3, 2, 1, count_include_pad=False)
    assert inside[0, 0].tolist() == [3, 4.5, 6]
    assert ops.avg_pool2d(x, 3, 2, 1)[0, 0].tolist() == pytest.approx([12 / 9, 27 / 9, 24 / 9])
    assert ops.max_pool2d(tg.tensor([[[1, 2], [3, 4]]]), 2).tolist() == [[[4]]]


def test_adaptive_pooling():
    x = RNG.normal(size=(1, 2, 5, 4))
    for name, reduce in (("adaptive_avg_pool2d", np.mean), ("adaptive_max_pool2d", np.max)):
        found = getattr(ops, name)(tg.Tensor(x), (2, 3))
        rows, columns = [(0, 3), (2, 5)], [(0, 2), (1, 3), (2, 4)]
        for (i, (a, b)), (j, (c, d)) in itertools.product(enumerate(rows), enumerate(columns)):
            np.testing.assert_allclose(found[..., i, j], reduce(x[..., a:b, c:d], (2, 3)), rtol=1e-12)


def test_interpolation():
    x = tg.tensor([[[0.0, 1.0, 4.0]]])
    assert x.dtype == np.float32
    assert ops.interpolate(x, 6).tolist() == [[[0, 0, 1, 1, 4, 4]]]
    assert ops.interpolate(x, scale_factor=2 / 3).tolist() == [[[0, 1]]]
    assert ops.interpolate(x, 5, mode="linear", align_corners=True).tolist() == [[[0, 0.5, 1, 2.5, 4]]]
    assert ops.interpolate(x, 6, mode="linear").tolist() == [[[0, 0.25, 0.75, 1.75, 3.25, 4]]]
    plane = np.add.outer(3 * np.arange(4.0), np.arange(3.0))  # a plane stays a plane
    found = ops.interpolate(tg.Tensor(plane[None, None]), (7, 5), mode="bilinear", align_corners=True)
    np.testing.assert_allclose(found[0, 0], np.add.outer(3 * np.linspace(0, 3, 7), np.linspace(0, 2, 5)))


def test_a_convolutional_layer_compiled():
    """The gradient of a layer as a network uses it; the cases of the registry run interpreted."""
    w = tg.Tensor(RNG.normal(size=(3, 1, 3, 3)).astype(np.float32))
    x = tg.Tensor(RNG.normal(size=(2, 1, 6, 6)).astype(np.float32))
    derive = tg.value_and_grad(lambda w: (ops.max_pool2d(ops.conv2d(x, w, padding=1), 2) ** 2).mean())
    for eager, compiled in zip(derive(w), tg.jit(derive)(w), strict=True):
        np.testing.assert_allclose(compiled.numpy(), eager.numpy(), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("refused", "says"),
    [
        (lambda x, w: ops.conv2d(x, w, groups=2), r"conv2d: .* have 3 channels.*in 2 groups takes 6"),
        (lambda x, w: ops.conv2d(x[0, 0], w), "needs images"),
        (lambda x, w: ops.conv2d(x, w, dilation=6), "smaller than the kernel"),
        (lambda x, w: ops.conv2d(x, w, stride=0), "stride must be a number from 1 on"),
        (lambda x, w: ops.conv2d(x, w, padding=-1), "padding must be a number from 0 on"),
        (lambda x, w: ops.conv2d(x, w, padding="same", stride=2), "'same' needs stride 1"),
        (lambda x, w: ops.conv2d(x, w, tg.ones(3)), r"the bias must have shape \(4,\), not \(3,\)"),
        (lambda x, w: ops.conv_transpose2d(x, w.transpose(0, 1), output_padding=1), "must be below stride"),
        (lambda x, w: ops.conv1d(x, w), "conv1d: needs an input"),
        (lambda x, w: ops.max_pool2d(x, 2, padding=2), "more than half of kernel_size"),
        (lambda x, w: ops.avg_pool2d(x, 9), "are smaller than kernel_size"),
        (lambda x, w: ops.unfold(x, 3, 7, 1), "do not fit in axis 3"),
        (lambda x, w: ops.interpolate(x, (1, 2, 3)), "one for each of the 2 axes"),
        (lambda x, w: ops.interpolate(x, scale_factor=0.01), "cannot become"),
    ],
)
def test_refusals(refused, says):
    with pytest.raises(ShapeError, match=says):
        refused(tg.zeros((2, 3, 6, 5)), tg.zeros((4, 3, 2, 2)))


def test_refused_modes():
    for refused in (
        lambda: ops.conv2d(tg.zeros((1, 1, 3, 3)), tg.zeros((1, 1, 2, 2)), padding="full"),
        lambda: ops.interpolate(tg.zeros((1, 1, 3)), 2, mode="bilinear"),
        lambda: ops.interpolate(tg.zeros((1, 1, 3)), 2, 1.5),
        lambda: ops.interpolate(tg.zeros((1, 1, 3)), 2, align_corners=True),
    ):
        with pytest.raises(ValueError, match=r"conv2d|interpolate"):
            refused()


@pytest.mark.parametrize(
    "options",
    [
        {"kernel_size": 2},
        {"kernel_size": (3, 2), "stride": (2, 1), "padding": (1, 0)},
        {"kernel_size": 2, "dilation": (1, 2)},
    ],
)
def test_folding_is_the_transpose_of_taking_patches(options):
    x = RNG.normal(size=(2, 3, 5, 4))
    columns = ops.im2col(tg.Tensor(x), **options)
    g = RNG.normal(size=columns.shape)
    image = ops.fold(tg.Tensor(g), (5, 4), **options)
    np.testing.assert_allclose((columns * g).sum().item(), (x * image).sum().item())
    np.testing.assert_allclose(ops.fold(tg.Tensor(g[0]), (5, 4), **options), image[0])
    kernel = RNG.normal(size=(1, columns.shape[1]))
    k = options["kernel_size"]
    window = kernel.reshape(1, 3, *((k, k) if isinstance(k, int) else k))
    others = {name: value for name, value in options.items() if name != "kernel_size"}
    convolved = ops.conv2d(tg.Tensor(x), tg.Tensor(window), **others)
    np.testing.assert_allclose(kernel @ columns.numpy(), convolved.numpy().reshape(2, 1, -1), atol=1e-12)


def test_an_infinite_pixel_touches_its_own_patch_only():
    x = np.arange(20.0).reshape(1, 1, 4, 5)
    x[0, 0, 1, 2] = np.inf
    small = ops.adaptive_avg_pool2d(tg.Tensor(x), (2, 3)).numpy()
    assert np.isinf(small).tolist() == [[[[False, True, False], [False] * 3]]]
    assert not np.isnan(small).any()


def test_adaptive_pooling_may_keep_an_axis():
    x = tg.Tensor(RNG.normal(size=(2, 3, 4)))
    np.testing.assert_allclose(ops.adaptive_avg_pool2d(x, (None, 1)), x.mean(-1, keepdims=True))
    with pytest.raises(ShapeError, match="adaptive_max_pool2d: needs images"):
        ops.adaptive_max_pool2d(x[0], 2)

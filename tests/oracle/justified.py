"""Why we differ from a library, on purpose."""

NAN = "of a NaN no gradient means anything; the value is NaN on both sides"
CHOICE = "no derivative exists here; which of the slopes on the two sides stands for it is a choice"
TIES = "elements that tie: here they share the gradient, there one of them gets it"
LARGE = "the squares overflow float32; infinite or NaN on one side, zero on the other"
OUTSIDE = "outside the domain, where the value is NaN on both sides"
MASKED = "a masked score counts for nothing; there -inf is added to it, which leaves a NaN as it is"
PRODUCT = "zero and infinity are among the factors, and NaN is their product"
UNTOLD = "of the remainder of an infinite number, which is NaN"

#: (operation, library, part) -> reason.
JUSTIFIED: dict[tuple[str, str, str], str] = {
    ("div", "jax", "gradient 1"): "there the divisor is squared, which overflows float32",
    ("pow", "torch", "gradient 0"): "NaN ** 0 is 1 whatever the NaN is, and its slope 0; here 0 * NaN",
    ("pow", "torch", "gradient 1"): "0 to the power -inf is inf: the product with log 0 has no sign to trust",
    ("pow", "jax", "gradient 0"): "0 ** 0 is 1 for every base, so its slope is 0",
    ("maximum", "torch", "gradient 0"): NAN,
    ("maximum", "torch", "gradient 1"): NAN,
    ("minimum", "torch", "gradient 0"): NAN,
    ("minimum", "torch", "gradient 1"): NAN,
    ("relu", "torch", "gradient 0"): NAN,
    ("abs", "torch", "gradient 0"): NAN,
    ("abs", "jax", "gradient 0"): CHOICE + "; here 0, as in PyTorch",
    ("sign", "torch", "value"): "the sign of NaN is NaN, as in NumPy",
    ("elu", "torch", "gradient 0"): NAN,
    ("clamp", "torch", "gradient 0"): NAN,
    ("clamp", "jax", "gradient 0"): NAN,
    ("leaky_relu", "jax", "gradient 0"): CHOICE + "; here the smaller, as in PyTorch",
    ("gelu", "torch", "value"): "the limit at inf is inf; NaN there is inf * 0 inside",
    ("prod", "torch", "gradient 0"): (
        "there the product divided by the element, NaN for an infinite one; here the product of the others"
    ),
    ("var", "torch", "gradient 0"): "the mean of an infinite element is infinite: NaN here by inf - inf",
    ("std", "torch", "gradient 0"): "the squares overflow float32; there they are added in float64",
    ("std", "jax", "gradient 0"): "of an element that is the mean: zero up to rounding",
    ("logsumexp", "jax", "gradient 0"): "beside infinity 0 here, as in PyTorch; there NaN by inf / inf",
    ("norm", "torch", "gradient 0"): "the norm is infinite or NaN, and so is no direction towards it",
    ("norm", "jax", "gradient 0"): CHOICE + "; here 0, as in PyTorch",
    ("det", "torch", "gradient 0"): "at a singular matrix: here the cofactors, there what LU factors leave",
    ("remainder", "torch", "value"): "the quotient overflows, the remainder does not: here as in NumPy",
    ("fmod", "torch", "value"): "the quotient overflows, the remainder does not: here as in NumPy",
    ("fmod", "torch", "gradient 1"): UNTOLD,
    ("hardsigmoid", "torch", "gradient 0"): "there 1/6 is rounded to float32, in float64 too",
    ("hardswish", "torch", "value"): "the limit at -inf is 0; NaN there is -inf * 0",
    ("hardswish", "torch", "gradient 0"): NAN,
    ("celu", "torch", "gradient 0"): NAN,
    ("selu", "torch", "gradient 0"): NAN,
    ("softshrink", "torch", "gradient 0"): NAN,
    ("scaled_dot_product_attention", "torch", "value"): MASKED,
    ("scaled_dot_product_attention", "torch", "gradient 0"): MASKED,
    ("scaled_dot_product_attention", "torch", "gradient 1"): MASKED,
    ("scaled_dot_product_attention", "torch", "gradient 2"): MASKED,
    ("conv2d", "torch", "value"): "large terms cancel and a subnormal one is left, or not, by their order",
    ("convolution", "torch", "gradient 1"): "as for conv2d",
    ("logaddexp", "torch", "gradient 0"): "of two equal infinities; there NaN by inf - inf",
    ("logaddexp", "torch", "gradient 1"): "of two equal infinities; there NaN by inf - inf",
    ("asinh", "torch", "gradient 0"): "there x is squared, which overflows",
    ("acosh", "torch", "gradient 0"): OUTSIDE,
    ("atanh", "torch", "gradient 0"): OUTSIDE,
    ("hypot", "torch", "gradient 0"): CHOICE + "; here 0",
    ("hypot", "torch", "gradient 1"): CHOICE + "; here 0",
    ("xlogy", "torch", "gradient 1"): "x log y is 0 for every y where x is 0, so its slope is 0",
    ("cumprod", "torch", "gradient 0"): PRODUCT,
    ("logcumsumexp", "torch", "gradient 0"): "from an infinite element on; there NaN by inf - inf",
    ("cummax", "torch", "gradient 0"): TIES,
    ("cummin", "torch", "gradient 0"): TIES,
    ("cosine_similarity", "torch", "value"): LARGE,
    ("cosine_similarity", "torch", "gradient 0"): LARGE,
    ("cosine_similarity", "torch", "gradient 1"): LARGE,
    ("scatter", "torch", "gradient 1"): (
        "of several written to one place the last counts, and the others have no slope; there all get one"
    ),
    ("layer_norm", "torch", "value"): LARGE,
    ("layer_norm", "torch", "gradient 0"): LARGE,
    ("layer_norm", "torch", "gradient 1"): LARGE,
    ("rms_norm", "torch", "gradient 0"): "a subnormal number that is rounded to zero there",
    ("group_norm", "torch", "value"): LARGE,
    ("group_norm", "torch", "gradient 0"): LARGE,
    ("group_norm", "torch", "gradient 1"): LARGE,
    ("batch_norm", "torch", "gradient 0"): LARGE,
    ("max_pool2d", "torch", "gradient 0"): TIES,
    ("max_pool1d", "torch", "gradient 0"): NAN,
    ("adaptive_avg_pool2d", "torch", "value"): "subnormal numbers: here the mean of means, rounded twice",
    ("adaptive_max_pool2d", "torch", "gradient 0"): NAN,
    ("interpolate", "torch", "value"): "matrix products spread an infinite pixel over its row and column",
    ("kthvalue", "torch", "gradient 0"): "of equal elements: here the first has the gradient, there any",
    (
        "median",
        "torch",
        "gradient 0",
    ): "of equal elements: here the first has the gradient, there all",
    ("atan2", "torch", "gradient 0"): "infinitely far away the slope is 0; NaN there is inf / inf",
    ("atan2", "torch", "gradient 1"): "infinitely far away the slope is 0; NaN there is inf / inf",
    ("sinc", "torch", "gradient 0"): "there x is squared, which overflows",
    ("hinge_embedding_loss", "torch", "gradient 0"): CHOICE + "; here 0, as of relu",
    ("cosine_embedding_loss", "torch", "gradient 0"): LARGE,
    ("cosine_embedding_loss", "torch", "gradient 1"): LARGE,
    ("l1_loss", "torch", "gradient 0"): NAN,
    (
        "gaussian_nll_loss",
        "torch",
        "call",
    ): "variances below eps count as eps; negative ones raise there",
    ("binary_cross_entropy", "torch", "call"): (
        "numbers that are no probabilities are refused there; a compiled program does not look at numbers"
    ),
}

#: The same for both libraries.
_BOTH = {
    *((name, "gradient 0") for name in ("hypot", "asinh", "acosh", "atanh", "cumprod")),
    ("hypot", "gradient 1"),
    *((name, "gradient 0") for name in ("cummax", "cummin")),
    ("xlogy", "gradient 1"),
    ("fmod", "gradient 1"),
    ("hardswish", "value"),
}
JUSTIFIED |= {(name, "jax", part): JUSTIFIED[name, "torch", part] for name, part in _BOTH}
JUSTIFIED |= {
    ("remainder", "jax", "gradient 1"): UNTOLD,
    ("relu6", "jax", "gradient 0"): NAN,
    ("hardtanh", "jax", "gradient 0"): CHOICE + "; here 0, as in PyTorch",
    ("hardsigmoid", "jax", "gradient 0"): NAN,
    ("softsign", "jax", "gradient 0"): "the slope is too small for float32; there two terms cancel",
    ("conv1d", "jax", "value"): "a zero of the padding times an infinite weight is NaN, as in PyTorch",
    ("conv2d", "jax", "value"): "a zero of the padding times an infinite weight is NaN, as in PyTorch",
    ("conv2d", "jax", "gradient 0"): "there zeros are put around the cotangent, and meet an infinite weight",
    (
        "convolution",
        "jax",
        "value",
    ): "there a dilated kernel has zeros inside, and they meet an infinite element",
    ("convolution", "jax", "gradient 0"): "as for conv2d",
    ("logaddexp", "jax", "gradient 0"): "beside an infinite operand a finite one has no share",
    ("logaddexp", "jax", "gradient 1"): "beside an infinite operand a finite one has no share",
    ("logcumsumexp", "jax", "gradient 0"): "beside an infinite element a finite one has no share",
    ("atan2", "jax", "gradient 0"): "at the origin there is no slope; here 0, as in PyTorch",
    ("atan2", "jax", "gradient 1"): "at the origin there is no slope; here 0, as in PyTorch",
    ("xlogy", "jax", "gradient 0"): "outside the domain: of a term that is 0 whatever y is",
    ("sort", "jax", "gradient 0"): "0.0 and -0.0 are equal and keep their order; there -0.0 comes first",
    ("l1_loss", "jax", "gradient 0"): CHOICE + "; here 0, as in PyTorch",
}

#: Operations of PyTorch's that have only their name in common with ours: name -> why.
OUT: dict[str, str] = {}

_ORDER = "of equal elements: here the first counts, there any"
#: Why samples of PyTorch's do not work, on purpose: operation -> reason.
UNLIKE: dict[str, str] = {
    "__rpow__": "an integer to a negative power is refused, as in NumPy; there 0, or 1 or -1",
    "addmv": "of integers with a factor that is none the result is a float32; there the factor is cut to 0",
    "addbmm": "as of addmv",
    "baddbmm": "as of addmv",
    "nn.functional.bilinear": "of integers the result is a float32, as of every layer",
    "argsort": _ORDER,
    "cholesky_solve": "of L only its triangle is looked at, and has a derivative",
    "nn.functional.ctc_loss": (
        "by log_probs that are no logarithms of a softmax: there its derivative is in theirs already; after "
        "log_softmax they agree"
    ),
    "cov": "negative weights are not looked for; a derivative that is 0 up to rounding",
    "kthvalue": _ORDER,
    "topk": _ORDER,
    "mode": "of equal numbers: here the first of them, there any",
    "sort": _ORDER,
    "linspace": "integers: by what float32 leaves beside a whole number, before it is cut",
    "linspace tensor_overload": "as of linspace",
    "linalg.norm subgradients_at_zero": "no derivative exists where a singular value is 0",
    "linalg.pinv hermitian": "the derivative is that of a matrix whose halves change apart",
    "linalg.pinv singular": "singular values that are 0 are equal, and their vectors have no derivative",
    "mean": "the mean of integers is a float32",
    "nn.functional.batch_norm": "needs an axis of channels after that of examples",
    "nn.functional.max_unpool1d": "of several sent to one place the last counts, and only that has a slope",
    "nn.functional.max_unpool2d": "as of max_unpool1d",
    "quantile": "q is a number, and not differentiated by",
    "square": "the square of a bool is a bool",
    "zero_": "zeros have no graph",
    "scatter": "a number that is no integer is kept among integers",
}

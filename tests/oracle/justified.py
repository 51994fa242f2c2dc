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

FIRST = "a number may come first here"
CAST = "no dtype=: cast first"
ALONE = "the values alone; where they were say argmax, argsort and sort"
BARE = "a tensor without axes has no axis 0"
PROMOTED = "operands of several dtypes are promoted"
LINES = "modes are nearest, linear and bilinear"
ASIDE = "vectors may point either way"
UNBIASED = "correction=1 or correction=0 says which"
_SAME = {
    ("accepted", FIRST): (
        "atan2 bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift eq ne ge gt le lt "
        "fmod remainder logaddexp maximum minimum logical_and logical_or logical_xor pow hypot xlogy"
    ),
    ("accepted", PROMOTED): "nn.functional.conv1d nn.functional.conv2d scatter scatter_add",
    ("differs", ALONE): "cummax cummin kthvalue median nn.functional.adaptive_max_pool2d",
    ("refused", ALONE): "nn.functional.max_pool1d nn.functional.max_pool2d",
    ("refused", BARE): "topk index_select scatter_add unfold transpose",
    ("refused", CAST): "cumsum cumprod prod",
    ("refused", UNBIASED): "std var",
    ("refused", "write a + alpha * b"): "add sub",
    ("differs", ASIDE): "linalg.eigh linalg.svd",
}
#: Why samples of PyTorch's do not work, on purpose: (its name, how) -> reason.
UNLIKE: dict[tuple[str, str], str] = {
    **{(name, how): reason for (how, reason), names in _SAME.items() for name in names.split()},
    ("arange", "refused"): "the end is called stop, as in NumPy",
    ("arange", "accepted"): "a range without numbers is empty, as in NumPy",
    ("max reduction_with_dim", "differs"): ALONE,
    ("min reduction_with_dim", "differs"): ALONE,
    ("max binary", "refused"): "of two tensors: maximum(a, b)",
    ("max binary", "differs"): "of two tensors: maximum(a, b)",
    ("min binary", "refused"): "of two tensors: minimum(a, b)",
    ("min binary", "differs"): "of two tensors: minimum(a, b)",
    ("div trunc_rounding", "refused"): "write trunc(a / b)",
    ("div floor_rounding", "refused"): "write floor_divide(a, b)",
    ("masked_fill", "accepted"): "the value may be a tensor that broadcasts",
    ("softmax with_dtype", "refused"): CAST,
    ("log_softmax with_dtype", "refused"): CAST,
    ("nn.functional.softmin with_dtype", "refused"): CAST,
    ("nn.functional.pad circular", "refused"): "negative counts are for the other modes",
    ("nn.functional.interpolate nearest", "refused"): "recompute_scale_factor: give size",
    ("nn.functional.interpolate linear", "refused"): "recompute_scale_factor: give size",
    ("nn.functional.interpolate bilinear", "refused"): "recompute_scale_factor: give size",
    ("nn.functional.interpolate nearest-exact", "refused"): LINES,
    ("nn.functional.interpolate bicubic", "refused"): LINES,
    ("nn.functional.interpolate trilinear", "refused"): LINES,
    ("nn.functional.interpolate area", "refused"): LINES + "; adaptive_avg_pool2d takes means of areas",
    ("nn.functional.avg_pool2d", "refused"): "stride=(): leave it out",
    ("nn.functional.max_pool1d", "accepted"): "no images give no images",
    (
        "nn.functional.scaled_dot_product_attention",
        "refused",
    ): "dropout needs a generator",
    ("nn.functional.batch_norm", "refused"): "needs an axis of channels after that of examples",
    ("gather", "refused"): "positions need as many axes as the tensor, though there be none of them",
    ("scatter", "refused"): "no reduce=: scatter_add adds",
    ("tensordot", "refused"): "an axis of length 1 does not stand for a longer one",
    ("nonzero", "refused"): "as_tuple: take the columns",
    ("norm nuc", "refused"): "norms of matrices are in linalg.norm",
    ("norm fro", "refused"): "norms of matrices are in linalg.norm",
    (
        "nn.functional.one_hot",
        "refused",
    ): "the number of classes must be said: no shape depends on numbers",
    (
        "nn.functional.embedding",
        "refused",
    ): "of the options only padding_idx: max_norm would change the table",
    ("nn.functional.softplus", "refused"): "exact without a threshold; write softplus(beta * x) / beta",
    ("mean", "accepted"): "the mean of integers is a float32",
    ("std unbiased", "refused"): UNBIASED,
    ("var unbiased", "refused"): UNBIASED,
    ("nn.functional.gaussian_nll_loss", "refused"): "targets are not broadcast",
    ("nn.functional.hinge_embedding_loss", "differs"): "of a target that is neither 1 nor -1",
    ("repeat_interleave", "refused"): "output_size follows from the rest",
    ("linalg.cholesky", "refused"): "upper: transpose the result",
    ("linalg.norm", "refused"): "the largest of nothing does not exist",
    ("linalg.norm subgradients_at_zero", "refused"): "the largest of nothing does not exist",
    ("linalg.qr", "refused"): "the R of a matrix wider than tall has no derivative",
    ("linalg.svd", "refused"): "only what full_matrices=False gives",
}

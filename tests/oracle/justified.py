"""Why we differ from a library, on purpose: (operation, library, part) -> reason."""

NAN = "of a NaN no gradient means anything; the value is NaN on both sides"
CHOICE = "no derivative exists here; which of the slopes on the two sides stands for it is a choice"

JUSTIFIED = {
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
    ("logsumexp", "torch", "gradient 0"): "beside an infinite element: NaN here by inf / inf",
    ("norm", "torch", "gradient 0"): "the norm is infinite or NaN, and so is no direction towards it",
    ("norm", "jax", "gradient 0"): CHOICE + "; here 0, as in PyTorch",
}

"""Errors in units in the last place against a wider format."""

import numpy as np

WIDE = np.longdouble


def ulp_errors(got, exact):
    """Errors of an array given exact values in a wider dtype.

    A wrong infinity, NaN or sign of zero is infinitely wrong.
    """
    facts = np.finfo(got.dtype)
    with np.errstate(all="ignore"):
        limit = np.ldexp(exact.dtype.type(1), facts.maxexp)  # what infinity stands for
        wide, bounded = np.clip(got.astype(exact.dtype), -limit, limit), np.clip(exact, -limit, limit)
        exponents = np.maximum(np.frexp(np.nan_to_num(bounded))[1] - 1, facts.minexp)
        errors = np.abs(np.ldexp(wide - bounded, facts.nmant - exponents))
    errors[np.isnan(got) | np.isnan(exact)] = np.inf
    errors[np.isnan(got) & np.isnan(exact)] = 0
    errors[(exact == 0) & (np.signbit(got) != np.signbit(exact))] = np.inf
    return errors

"""A micro autodiff framework on NumPy and Numba."""
__version__ = "0.1.0"

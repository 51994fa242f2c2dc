"""Numerical kernels: arrays in, arrays out. Nothing in here knows of tensors or gradients."""

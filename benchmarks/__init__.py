"""Measurements of tinygrad_mnist against its peers: `python -m benchmarks --help`."""

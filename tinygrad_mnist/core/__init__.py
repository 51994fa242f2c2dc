"""Tensors and what was computed from what: the tape, making tensors, random numbers, derivatives."""

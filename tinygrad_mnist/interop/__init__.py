"""Doors to where people work: scikit-learn, ONNX, notebooks, trackers; each imported by its name."""

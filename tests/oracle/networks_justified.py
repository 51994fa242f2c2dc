"""Why some of PyTorch's samples do not agree, and what to write instead of modules that are not here."""

#: (name, "samples" or "refused") -> reason
REASONS: dict[tuple[str, str], str] = {}

#: beginning or end of a name -> what to write instead
NOT_HERE = {
    "Fractional": "MaxPool2d",
    "LinearCrossEntropyLoss": "CrossEntropyLoss of a Linear",
    "SparseAdam": "Adam: gradients of tables are not sparse",
    "Muon": "AdamW",
    "Adafactor": "AdamW",
}

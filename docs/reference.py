"""A Sphinx extension: the pages of docs/reference/, one for each group of public names, from docstrings.

A docstring here is plain text, with names in `backticks`; its mathematics may hold any sign, so that signs
which mean something to reStructuredText are escaped.
"""

import importlib
import inspect
import re
from pathlib import Path

import tinygrad_mnist

PAGES = Path(__file__).parent / "reference"

LINALG = ["cholesky", "det", "eigh", "inv", "norm", "qr", "slogdet", "solve", "svd", "vector_norm"]
OPERATIONS = "tinygrad_mnist.core.functions"

#: Page -> (title, where the names are, which of them; None: all that are public there).
GROUPS = {
    "tensor": ("The Tensor", "tinygrad_mnist", ["Tensor"]),
    "creation": ("Making tensors, random numbers", "tinygrad_mnist", None),
    "operations": ("Operations", OPERATIONS, None),
    "linalg": ("Linear algebra", "tinygrad_mnist.ops.linalg", LINALG),
    "functional": ("Operations of networks", "tinygrad_mnist.nn.functional", None),
    "derivatives": (
        "Derivatives",
        "tinygrad_mnist",
        ["grad", "value_and_grad", "vjp", "jvp", "hvp", "jacobian", "hessian"],
    ),
    "autograd": ("Derivatives by PyTorch's names", "tinygrad_mnist.autograd", None),
    "func": ("Functions from functions", "tinygrad_mnist.func", None),
    "jit": ("Compiling", "tinygrad_mnist.compiler.function", ["jit", "CompiledFunction"]),
    "nn": ("Modules and costs", "tinygrad_mnist.nn", None),
    "init": ("First values", "tinygrad_mnist.nn.init", None),
    "nn-utils": ("Clipping, vectors of parameters", "tinygrad_mnist.nn.utils", None),
    "optim": ("Optimisers", "tinygrad_mnist.optim", None),
    "schedulers": ("Schedules of the rate", "tinygrad_mnist.optim.lr_scheduler", None),
    "data": ("MNIST and batches", "tinygrad_mnist.data", None),
    "utils-data": ("Datasets and loaders", "tinygrad_mnist.utils.data", None),
    "train": ("Training", "tinygrad_mnist.train", None),
    "testing": ("Checking derivatives", "tinygrad_mnist.testing", None),
    "lab": ("Looking inside", "tinygrad_mnist.lab", None),
    "sweep": ("Many networks", "tinygrad_mnist.sweep", None),
    "cluster": ("One network on many machines", "tinygrad_mnist.cluster", None),
    "declaring": ("Operations of one's own", "tinygrad_mnist.declaring", ["view", "reduction", "running"]),
    "primitive": ("What a primitive is", "tinygrad_mnist.primitive", ["loop", "Primitive"]),
    "files": ("Model files", "tinygrad_mnist.model_file", ["load", "save", "to_bytes"]),
    "onnx": ("ONNX", "tinygrad_mnist.interop.onnx", ["export_onnx", "import_onnx"]),
    "sklearn": ("scikit-learn", "tinygrad_mnist.interop.sklearn", ["MLPClassifier", "MLPRegressor"]),
    "trackers": ("Trackers", "tinygrad_mnist.interop.trackers", ["to_tensorboard", "to_wandb", "to_mlflow"]),
    "errors": ("Errors", "tinygrad_mnist.errors", None),
}


def public_names(group):
    """[(dotted name, object)] of a group's functions and classes."""
    _, where, chosen = GROUPS[group]
    module = importlib.import_module(where)
    names = chosen or getattr(module, "__all__", None) or [n for n in vars(module) if not n.startswith("_")]
    if group == "creation":
        taken = {n for g in ("tensor", "operations", "derivatives", "autograd", "jit") for n in names_of(g)}
        names = [n for n in names if n not in taken]
    found = [(f"{where}.{name}", getattr(module, name)) for name in names]
    return [
        (name, thing)
        for name, thing in found
        if callable(thing)
        and getattr(thing, "__module__", "").startswith("tinygrad_mnist")
        and (group == "errors" or where == "tinygrad_mnist.train" or not _is_error(thing))
    ]


def _is_error(thing):
    return inspect.isclass(thing) and issubclass(thing, tinygrad_mnist.errors.TinygradMnistError)


def names_of(group):
    """The bare names of a group."""
    return [name.rpartition(".")[2] for name, _ in public_names(group)]


def entry(name, thing):
    """The directive that documents one name."""
    if inspect.isclass(thing):
        lines = [f".. autoclass:: {name}", "   :members:"]
        if name.endswith(".Tensor"):
            lines.append("   :inherited-members:")
        if thing.__module__ == "tinygrad_mnist.interop.sklearn":  # made by scikit-learn, described there
            made = [n for n in dir(thing) if n.startswith("set_") and n.endswith("_request")]
            lines.append(f"   :exclude-members: {', '.join(made)}")
        return lines
    return [f".. autofunction:: {name}"]


def write(app):
    """Write the pages of which something changed, and one that lists them."""
    PAGES.mkdir(exist_ok=True)
    heads = ["Reference", "=========", "", "Every public name, from its docstring.", "", ".. toctree::", ""]
    pages = {"index": "\n".join([*heads, *(f"   {group}" for group in GROUPS), ""])}
    for group, (title, where, _) in GROUPS.items():
        lines = [title, "=" * len(title), "", f".. currentmodule:: {where}", ""]
        for name, thing in sorted(public_names(group), key=lambda one: one[0].lower()):
            lines += [*entry(name, thing), ""]
        pages[group] = "\n".join(lines)
    for name, text in pages.items():
        page = PAGES / f"{name}.rst"
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


_CODE = re.compile(r"(``.*?``|`[^`]*`)")


def plain(text):
    """A line of a docstring in which only backticks mean anything."""
    parts = _CODE.split(text)
    for i in range(0, len(parts), 2):
        parts[i] = re.sub(r"([\\*|])", r"\\\1", parts[i])
        parts[i] = re.sub(r"(\w)_(?!\w)", r"\1\\_", parts[i])
    for i in range(1, len(parts), 2):
        # a letter right behind code, as in `axis`s, would not end it
        if i + 1 < len(parts) and re.match(r"\w", parts[i + 1]):
            parts[i + 1] = "\\ " + parts[i + 1]
    return "".join(parts)


def escape(app, what, name, thing, options, lines):
    """Escape what a docstring means literally; what stands below `::` or `>>>` is left as it is."""
    literal, written = None, []
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if literal is not None and (not line.strip() or indent > literal):
            written.append(line)
            continue
        if line.strip() == "Example:":
            literal = indent
            written += [f"{line[:indent]}For example::", ""]
            continue
        literal = indent if line.rstrip().endswith("::") else None
        written.append(line if line.lstrip().startswith((">>>", "...")) else plain(line))
    lines[:] = written


def setup(app):
    """Called by Sphinx."""
    app.connect("builder-inited", write)
    app.connect("autodoc-process-docstring", escape, priority=100)  # before napoleon
    return {"parallel_read_safe": True}

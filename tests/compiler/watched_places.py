"""Where a Python value can stand that a function of Tensors reads: how to put one there, and how to read it."""

from __future__ import annotations

from typing import NamedTuple


class Site(NamedTuple):
    """Python text: what makes the place with VALUE in it, the expression that reads it, what puts NEW there."""

    setup: str
    read: str
    change: str


_OBJECT = "class Config: pass\ncfg = Config()\ncfg.lr = VALUE\n"
_CLASS = "class Config:\n    lr = VALUE\n"
_MODULE = "import types\nmod = types.ModuleType('settings')\nmod.lr = VALUE\n"

#: A place by its name.
SITES: dict[str, Site] = {
    "global": Site("k = VALUE", "k", "k = NEW"),
    "global through globals()": Site("k = VALUE", "globals()['k']", "k = NEW"),
    "closure": Site(
        "def make():\n    k = VALUE\n    def get(): return k\n    def put(v):\n        nonlocal k\n        k = v\n"
        "    return get, put\nget, put = make()\n",
        "get()",
        "put(NEW)",
    ),
    "default": Site("def get(k=VALUE): return k", "get()", "get.__defaults__ = (NEW,)"),
    "keyword default": Site("def get(*, k=VALUE): return k", "get()", "get.__kwdefaults__ = {'k': NEW}"),
    "keyword default in place": Site(
        "def get(*, k=VALUE): return k", "get()", "get.__kwdefaults__['k'] = NEW"
    ),
    "default that is a list": Site(
        "def get(k=[VALUE]): return k[0]", "get()", "get.__defaults__[0][0] = NEW"
    ),
    "code of a function": Site("def get(): return VALUE", "get()", "get.__code__ = (lambda: NEW).__code__"),
    "global function replaced": Site("def get(): return VALUE", "get()", "def get(): return NEW"),
    "attribute of a function": Site("def get(): return get.k\nget.k = VALUE", "get()", "get.k = NEW"),
    "attribute": Site(_OBJECT, "cfg.lr", "cfg.lr = NEW"),
    "attribute through getattr": Site(_OBJECT + "name = 'lr'", "getattr(cfg, name)", "cfg.lr = NEW"),
    "attribute through getattr with a default": Site(
        _OBJECT + "del cfg.lr", "getattr(cfg, 'lr', VALUE)", "cfg.lr = NEW"
    ),
    "attribute through hasattr": Site(
        _OBJECT + "cfg.a = NEW", "(cfg.a if hasattr(cfg, 'b') else VALUE)", "cfg.b = 1"
    ),
    "attribute through vars": Site(_OBJECT, "vars(cfg)['lr']", "cfg.lr = NEW"),
    "attribute through __dict__": Site(_OBJECT, "cfg.__dict__['lr']", "cfg.lr = NEW"),
    "attribute, __dict__ replaced": Site(_OBJECT, "cfg.lr", "cfg.__dict__ = {'lr': NEW}"),
    "attribute set by setattr": Site(_OBJECT, "cfg.lr", "setattr(cfg, 'lr', NEW)"),
    "attribute of an attribute": Site(
        _OBJECT + "outer = Config()\nouter.inner = cfg", "outer.inner.lr", "cfg.lr = NEW"
    ),
    "object replaced": Site(
        _OBJECT + "outer = Config()\nouter.inner = cfg\nother = Config()\nother.lr = NEW",
        "outer.inner.lr",
        "outer.inner = other",
    ),
    "class attribute": Site(_CLASS, "Config.lr", "Config.lr = NEW"),
    "class attribute through an object": Site(_CLASS + "cfg = Config()", "cfg.lr", "Config.lr = NEW"),
    "class attribute overridden by an object": Site(_CLASS + "cfg = Config()", "cfg.lr", "cfg.lr = NEW"),
    "class attribute of a base": Site(
        _CLASS + "class Sub(Config): pass\ncfg = Sub()", "cfg.lr", "Config.lr = NEW"
    ),
    "class attribute overridden by a subclass": Site(
        _CLASS + "class Sub(Config): pass\ncfg = Sub()", "cfg.lr", "Sub.lr = NEW"
    ),
    "class of an object": Site(
        _CLASS + "class Other:\n    lr = NEW\ncfg = Config()", "cfg.lr", "cfg.__class__ = Other"
    ),
    "object made inside": Site(_CLASS, "Config().lr", "Config.lr = NEW"),
    "method replaced in the class": Site(
        "class Config:\n    def get(self): return VALUE\ncfg = Config()",
        "cfg.get()",
        "Config.get = lambda self: NEW",
    ),
    "method replaced in the object": Site(
        "class Config:\n    def get(self): return VALUE\ncfg = Config()", "cfg.get()", "cfg.get = lambda: NEW"
    ),
    "static method": Site(
        "class Config:\n    @staticmethod\n    def get(): return VALUE",
        "Config.get()",
        "Config.get = staticmethod(lambda: NEW)",
    ),
    "class method": Site(
        "class Config:\n    lr = VALUE\n    @classmethod\n    def get(cls): return cls.lr",
        "Config.get()",
        "Config.lr = NEW",
    ),
    "property": Site(
        "class Config:\n    def __init__(self): self._lr = VALUE\n    @property\n    def lr(self): return self._lr\n"
        "cfg = Config()",
        "cfg.lr",
        "cfg._lr = NEW",
    ),
    "property replaced": Site(
        "class Config:\n    @property\n    def lr(self): return VALUE\ncfg = Config()",
        "cfg.lr",
        "Config.lr = property(lambda self: NEW)",
    ),
    "property that returns an object": Site(
        _OBJECT + "class Outer:\n    @property\n    def inner(self): return cfg\nouter = Outer()",
        "outer.inner.lr",
        "cfg.lr = NEW",
    ),
    "__getattr__": Site(
        "class Config:\n    def __init__(self): self.d = {'lr': VALUE}\n"
        "    def __getattr__(self, name): return self.d[name]\ncfg = Config()",
        "cfg.lr",
        "cfg.d['lr'] = NEW",
    ),
    "__getattribute__": Site(
        "class Config:\n    def __getattribute__(self, name): return object.__getattribute__(self, '_' + name)\n"
        "cfg = Config()\nobject.__setattr__(cfg, '_lr', VALUE)",
        "cfg.lr",
        "object.__setattr__(cfg, '_lr', NEW)",
    ),
    "descriptor": Site(
        "class Get:\n    def __get__(self, x, cls): return x.hidden\nclass Config: lr = Get()\n"
        "cfg = Config()\ncfg.hidden = VALUE",
        "cfg.lr",
        "cfg.hidden = NEW",
    ),
    "slot": Site(
        "class Config: __slots__ = ('lr',)\ncfg = Config()\ncfg.lr = VALUE", "cfg.lr", "cfg.lr = NEW"
    ),
    "cached property": Site(
        "import functools\nclass Config:\n    @functools.cached_property\n    def lr(self): return VALUE\ncfg = Config()",
        "cfg.lr",
        "cfg.lr = NEW",
    ),
    "dataclass": Site(
        "import dataclasses\n@dataclasses.dataclass\nclass Config:\n    lr: object = VALUE\ncfg = Config()",
        "cfg.lr",
        "cfg.lr = NEW",
    ),
    "dataclass replaced": Site(
        "import dataclasses\n@dataclasses.dataclass(frozen=True)\nclass Config:\n    lr: object = VALUE\ncfg = Config()",
        "cfg.lr",
        "cfg = dataclasses.replace(cfg, lr=NEW)",
    ),
    "named tuple replaced": Site(
        "import collections\nConfig = collections.namedtuple('Config', 'lr')\ncfg = Config(VALUE)",
        "cfg.lr",
        "cfg = cfg._replace(lr=NEW)",
    ),
    "simple namespace": Site("import types\ncfg = types.SimpleNamespace(lr=VALUE)", "cfg.lr", "cfg.lr = NEW"),
    "metaclass": Site(
        "class Meta(type):\n    lr = VALUE\nclass Config(metaclass=Meta): pass", "Config.lr", "Meta.lr = NEW"
    ),
    "weak reference": Site(_OBJECT + "import weakref\nref = weakref.ref(cfg)", "ref().lr", "cfg.lr = NEW"),
    "context variable": Site(
        "import contextvars\nvar = contextvars.ContextVar('var')\nvar.set(VALUE)", "var.get()", "var.set(NEW)"
    ),
    "thread local": Site(
        "import threading\ncfg = threading.local()\ncfg.lr = VALUE", "cfg.lr", "cfg.lr = NEW"
    ),
    "module": Site(_MODULE, "mod.lr", "mod.lr = NEW"),
    "module inside a module": Site(
        _MODULE + "outer = types.ModuleType('outer')\nouter.mod = mod", "outer.mod.lr", "mod.lr = NEW"
    ),
    "function of a module": Site(_MODULE + "mod.get = lambda: VALUE", "mod.get()", "mod.get = lambda: NEW"),
    "enum": Site(
        "import enum\nclass Mode(enum.Enum):\n    A = VALUE\n    B = NEW\ncurrent = Mode.A",
        "current.value",
        "current = Mode.B",
    ),
    "enum compared": Site(
        "import enum\nclass Mode(enum.Enum):\n    A = 1\n    B = 2\ncurrent = Mode.A",
        "(VALUE if current is Mode.A else NEW)",
        "current = Mode.B",
    ),
    "dict": Site("d = {'lr': VALUE, 'steps': 0}", "d['lr']", "d['lr'] = NEW"),
    "dict through get": Site("d = {'lr': VALUE}", "d.get('lr')", "d['lr'] = NEW"),
    "dict through get with a default": Site("d = {}", "d.get('lr', VALUE)", "d['lr'] = NEW"),
    "dict by a variable key": Site("d = {'a': VALUE}\nkey = 'a'", "d[key]", "d['a'] = NEW"),
    "dict, another key": Site("d = {'a': VALUE, 'b': NEW}\nkey = 'a'", "d[key]", "key = 'b'"),
    "dict through values": Site("d = {'a': VALUE}", "next(iter(d.values()))", "d['a'] = NEW"),
    "dict through items": Site("d = {'a': VALUE}", "[v for k, v in d.items()][-1]", "d['a'] = NEW"),
    "dict through update": Site("d = {'a': VALUE}", "d['a']", "d.update(a=NEW)"),
    "dict through **": Site("d = {'a': VALUE}\ndef get(a): return a", "get(**d)", "d['a'] = NEW"),
    "dict merged": Site("d = {'a': VALUE}", "({**d})['a']", "d['a'] = NEW"),
    "dict merged by |": Site("d = {'a': VALUE}", "({} | d)['a']", "d['a'] = NEW"),
    "dict membership": Site("d = {}", "(NEW if 'a' in d else VALUE)", "d['a'] = 1"),
    "dict length": Site("d = {}", "(NEW if len(d) else VALUE)", "d['a'] = 1"),
    "dict truth": Site("d = {}", "(NEW if d else VALUE)", "d['a'] = 1"),
    "dict order": Site("d = {'a': VALUE, 'b': NEW}", "d[list(d)[0]]", "d['a'] = d.pop('a')"),
    "dict of dicts": Site("d = {'a': {'b': VALUE}}", "d['a']['b']", "d['a']['b'] = NEW"),
    "default dict": Site(
        "import collections\nd = collections.defaultdict(lambda: VALUE)", "d['a']", "d['a'] = NEW"
    ),
    "ordered dict": Site(
        "import collections\nd = collections.OrderedDict(a=VALUE)", "d['a']", "d['a'] = NEW"
    ),
    "chain map": Site(
        "import collections\nbase = {'a': VALUE}\nd = collections.ChainMap({}, base)",
        "d['a']",
        "base['a'] = NEW",
    ),
    "user dict": Site("import collections\nd = collections.UserDict(a=VALUE)", "d['a']", "d['a'] = NEW"),
    "mapping proxy": Site(
        "import types\nbase = {'a': VALUE}\nd = types.MappingProxyType(base)", "d['a']", "base['a'] = NEW"
    ),
    "list": Site("ks = [0, VALUE]", "ks[1]", "ks[1] = NEW"),
    "list from the end": Site("ks = [0, VALUE]", "ks[-1]", "ks[-1] = NEW"),
    "list grown": Site("ks = [VALUE]", "ks[-1]", "ks.append(NEW)"),
    "list by slice": Site("ks = [0, VALUE]", "ks[1:][0]", "ks[1] = NEW"),
    "list by a computed index": Site("ks = [0, VALUE]\ni = 0", "ks[i + 1]", "ks[1] = NEW"),
    "list of thousands": Site("ks = [1.0] * 3000\nks[2500] = VALUE", "ks[2500]", "ks[2500] = NEW"),
    "list of thousands iterated": Site("ks = [0.0] * 3000\nks[2500] = VALUE", "max(ks)", "ks[2500] = NEW"),
    "list unpacked": Site("ks = [VALUE, 1]\ndef get(): a, b = ks; return a", "get()", "ks[0] = NEW"),
    "list unpacked with a star": Site(
        "ks = [VALUE, 1]\ndef get(): a, *b = ks; return a", "get()", "ks[0] = NEW"
    ),
    "list iterated": Site(
        "ks = [VALUE]\ndef get():\n    for k in ks: pass\n    return k", "get()", "ks[0] = NEW"
    ),
    "list in a comprehension": Site("ks = [VALUE]", "[k for k in ks][0]", "ks[0] = NEW"),
    "list copied": Site("ks = [VALUE]", "list(ks)[0]", "ks[0] = NEW"),
    "list reversed": Site("ks = [VALUE]", "next(reversed(ks))", "ks[0] = NEW"),
    "list enumerated": Site("ks = [VALUE]", "[k for i, k in enumerate(ks)][0]", "ks[0] = NEW"),
    "list zipped": Site("ks = [VALUE]", "[k for k, _ in zip(ks, ks)][0]", "ks[0] = NEW"),
    "list mapped": Site("ks = [VALUE]", "list(map(lambda k: k, ks))[0]", "ks[0] = NEW"),
    "list sorted": Site("ks = [VALUE]", "sorted(ks)[0]", "ks[0] = NEW"),
    "list summed": Site("ks = [VALUE]", "sum(ks)", "ks[0] = NEW"),
    "list joined": Site("ks = [VALUE]", "(ks + [])[0]", "ks[0] = NEW"),
    "list spread": Site("ks = [VALUE]", "[*ks][0]", "ks[0] = NEW"),
    "list as arguments": Site("ks = [VALUE]\ndef get(a): return a", "get(*ks)", "ks[0] = NEW"),
    "list compared": Site("ks = [1]", "(VALUE if ks == [1] else NEW)", "ks[0] = 2"),
    "list membership": Site("ks = []", "(NEW if 'a' in ks else VALUE)", "ks.append('a')"),
    "list length": Site("ks = []", "(NEW if len(ks) else VALUE)", "ks.append(1)"),
    "list truth": Site("ks = []", "(NEW if ks else VALUE)", "ks.append(1)"),
    "list negated": Site("ks = []", "(VALUE if not ks else NEW)", "ks.append(1)"),
    "list index": Site("ks = [VALUE, NEW]\nat = ['a', 'b']", "ks[at.index('a')]", "at.reverse()"),
    "list count": Site("ks = []", "(NEW if ks.count(1) else VALUE)", "ks.append(1)"),
    "list in a tuple": Site("ks = ([VALUE],)", "ks[0][0]", "ks[0][0] = NEW"),
    "list of objects": Site(_OBJECT + "ks = [cfg]", "[c.lr for c in ks][0]", "cfg.lr = NEW"),
    "list of objects by a key": Site(
        _OBJECT + "ks = [cfg]", "min(ks, key=lambda c: c.lr).lr", "cfg.lr = NEW"
    ),
    "list of functions": Site("fs = [lambda: VALUE]", "fs[0]()", "fs[0] = lambda: NEW"),
    "set membership": Site("s = set()", "(NEW if 'b' in s else VALUE)", "s.add('b')"),
    "set iterated": Site("s = {VALUE}", "[k for k in s][0]", "s.clear(); s.add(NEW)"),
    "set algebra": Site("s = {1}", "(NEW if s & {2} else VALUE)", "s.add(2)"),
    "set length": Site("s = set()", "(NEW if len(s) else VALUE)", "s.add(1)"),
    "deque": Site("import collections\nd = collections.deque([VALUE])", "d[0]", "d[0] = NEW"),
    "deque grown": Site("import collections\nd = collections.deque([VALUE])", "d[-1]", "d.append(NEW)"),
    "__getitem__": Site(
        "class Box:\n    def __init__(self): self.d = {'a': VALUE}\n    def __getitem__(self, k): return self.d[k]\n"
        "box = Box()",
        "box['a']",
        "box.d['a'] = NEW",
    ),
    "__call__": Site(
        "class Box:\n    def __init__(self): self.k = VALUE\n    def __call__(self): return self.k\nbox = Box()",
        "box()",
        "box.k = NEW",
    ),
    "__call__ replaced": Site(
        "class Box:\n    def __call__(self): return VALUE\nbox = Box()",
        "box()",
        "Box.__call__ = lambda self: NEW",
    ),
    "__len__": Site(
        "class Box:\n    n = 0\n    def __len__(self): return self.n\nbox = Box()",
        "(NEW if len(box) else VALUE)",
        "box.n = 1",
    ),
    "__bool__": Site(
        "class Box:\n    n = False\n    def __bool__(self): return self.n\nbox = Box()",
        "(NEW if box else VALUE)",
        "box.n = True",
    ),
    "__contains__": Site(
        "class Box:\n    n = False\n    def __contains__(self, k): return self.n\nbox = Box()",
        "(NEW if 1 in box else VALUE)",
        "box.n = True",
    ),
    "__iter__": Site(
        "class Box:\n    def __init__(self): self.k = VALUE\n    def __iter__(self): yield self.k\nbox = Box()",
        "list(box)[0]",
        "box.k = NEW",
    ),
    "__mul__": Site(
        "class Box:\n    def __init__(self): self.k = VALUE\n    def __mul__(self, n): return self.k * n\nbox = Box()",
        "(box * 1)",
        "box.k = NEW",
    ),
    "__enter__": Site(
        "class Box:\n    def __init__(self): self.k = VALUE\n    def __enter__(self): return self.k\n"
        "    def __exit__(self, *a): pass\nbox = Box()\ndef get():\n    with box as k: return k",
        "get()",
        "box.k = NEW",
    ),
    "super": Site(
        "class Base:\n    def get(self): return VALUE\nclass Sub(Base):\n    def get(self): return super().get()\nsub = Sub()",
        "sub.get()",
        "Base.get = lambda self: NEW",
    ),
    "partial": Site(
        "import functools\nks = [VALUE]\ndef get(ks): return ks[0]\npart = functools.partial(get, ks)",
        "part()",
        "ks[0] = NEW",
    ),
    "partial replaced": Site(
        "import functools\ndef get(k): return k\npart = functools.partial(get, VALUE)",
        "part()",
        "part = functools.partial(get, NEW)",
    ),
    "decorated function": Site(
        "import functools\ndef plain(f):\n    @functools.wraps(f)\n    def g(*a): return f(*a)\n    return g\n"
        "k = VALUE\n@plain\ndef get(): return k",
        "get()",
        "k = NEW",
    ),
    "generator function": Site("k = VALUE\ndef gen(): yield k", "next(gen())", "k = NEW"),
    "generator expression": Site("ks = [VALUE]", "sum(k for k in ks)", "ks[0] = NEW"),
    "inner function": Site(
        "k = VALUE\ndef get():\n    def inner(): return k\n    return inner()", "get()", "k = NEW"
    ),
    "function passed on": Site("k = VALUE\ndef call(g): return g()", "call(lambda: k)", "k = NEW"),
    "recursion": Site("k = VALUE\ndef get(n): return k if n == 0 else get(n - 1)", "get(3)", "k = NEW"),
    "itemgetter": Site(
        "import operator\nd = {'a': VALUE}\nget = operator.itemgetter('a')", "get(d)", "d['a'] = NEW"
    ),
    "attrgetter": Site(
        _OBJECT + "import operator\nget = operator.attrgetter('lr')", "get(cfg)", "cfg.lr = NEW"
    ),
    "copied object": Site(_OBJECT + "import copy", "copy.copy(cfg).lr", "cfg.lr = NEW"),
    "deeply copied object": Site(
        _OBJECT + "import copy\nouter = [cfg]", "copy.deepcopy(outer)[0].lr", "cfg.lr = NEW"
    ),
    "reduce": Site(
        "import functools\nks = [VALUE]", "functools.reduce(lambda a, b: b, ks, 0)", "ks[0] = NEW"
    ),
    "chain": Site("import itertools\nks = [VALUE]", "list(itertools.chain(ks))[0]", "ks[0] = NEW"),
    "walrus": Site("ks = [VALUE]", "[j for k in ks if (j := k) is not None][0]", "ks[0] = NEW"),
    "try": Site(
        "d = {}\ndef get():\n    try: return d['a']\n    except KeyError: return VALUE",
        "get()",
        "d['a'] = NEW",
    ),
    "match": Site(
        "d = {'a': VALUE}\ndef get():\n    match d:\n        case {'a': k}: return k", "get()", "d['a'] = NEW"
    ),
    "conditional object": Site(
        _OBJECT + "flag = True\nother = Config()\nother.lr = 9.0",
        "(cfg if flag else other).lr",
        "cfg.lr = NEW",
    ),
    "object behind or": Site(_OBJECT + "nothing = None", "(nothing or cfg).lr", "cfg.lr = NEW"),
    "object from a function": Site(_OBJECT + "def get(): return cfg", "get().lr", "cfg.lr = NEW"),
    "object from a dict": Site(_OBJECT + "d = {'a': cfg}", "d.get('a').lr", "cfg.lr = NEW"),
    "object from next": Site(_OBJECT + "ks = [cfg]", "next(iter(ks)).lr", "cfg.lr = NEW"),
    "string": Site("mode = 'a'", "(VALUE if mode == 'a' else NEW)", "mode = 'b'"),
    "formatted key": Site("d = {'w0': VALUE}\ni = 0", "d[f'w{i}']", "d['w0'] = NEW"),
    "builtin hidden by a global": Site("ks = [VALUE]", "max(ks)", "max = lambda ks: NEW"),
    "one of several objects of a kind": Site(
        "class Config: pass\nks = [Config() for _ in range(3)]\nfor c in ks: c.lr = VALUE",
        "ks[1].lr",
        "ks[1].lr = NEW",
    ),
}

#: Numbers of arrays; what is read is always a float.
ARRAYS: dict[str, Site] = {
    "element": Site("r = np.array([VALUE])", "r[0]", "r[0] = NEW"),
    "item": Site("r = np.array([VALUE])", "r.item()", "r[0] = NEW"),
    "item of two axes": Site("r = np.array([[VALUE]])", "r[0, 0]", "r[0, 0] = NEW"),
    "float": Site("r = np.array(VALUE)", "float(r)", "r[...] = NEW"),
    "truth": Site("r = np.array(0)", "(NEW if r else VALUE)", "r[...] = 1"),
    "sum": Site("r = np.array([VALUE])", "float(r.sum())", "r[0] = NEW"),
    "function": Site("r = np.array([VALUE])", "float(np.max(r))", "r[0] = NEW"),
    "list": Site("r = np.array([VALUE])", "r.tolist()[0]", "r[0] = NEW"),
    "iteration": Site("r = np.array([VALUE])", "[k for k in r][0]", "r[0] = NEW"),
    "arithmetic": Site("r = np.array([VALUE])", "(r * 1.0)", "r[0] = NEW"),
    "view": Site("r = np.array([0.0, VALUE])", "r[1:]", "r[1] = NEW"),
    "transposed": Site("r = np.array([[VALUE]])", "r.T", "r[0] = NEW"),
    "wrapped": Site("r = np.array([VALUE], np.float32)", "tg.Tensor(r)", "r[0] = NEW"),
    "wrapped with others": Site("r = np.array([VALUE])", "tg.Tensor([r[0]])", "r[0] = NEW"),
    "wrapped list": Site("r = [VALUE]", "tg.Tensor(r)", "r[0] = NEW"),
    "full": Site("r = np.array([VALUE])", "tg.full(2, r[0])", "r[0] = NEW"),
    "captured": Site("r = np.array([VALUE])", "r", "r[0] = NEW"),
    "replaced": Site("r = np.array([VALUE])", "r", "r = np.array([NEW])"),
    "shape": Site("r = np.zeros((2, 3))", "float(r.shape[0])", "r.resize((3, 2), refcheck=False)"),
    "size": Site("r = np.zeros(2)", "float(len(r))", "r = np.zeros(3)"),
    "dtype": Site(
        "r = np.zeros(2)", "(VALUE if r.dtype == np.float64 else NEW)", "r = np.zeros(2, np.float32)"
    ),
    "scalar": Site("r = np.float64(VALUE)", "r", "r = np.float64(NEW)"),
    "comparison": Site("r = np.array([1.0])", "(VALUE if r[0] < 2 else NEW)", "r[0] = 5.0"),
    "tensor item": Site("r = tg.Tensor([VALUE])", "r.item()", "r.assign_([NEW])"),
    "tensor float": Site("r = tg.Tensor(VALUE)", "float(r)", "r.assign_(NEW)"),
    "tensor truth": Site("r = tg.tensor(0)", "(NEW if r else VALUE)", "r.assign_(1)"),
    "tensor list": Site("r = tg.Tensor([VALUE])", "r.tolist()[0]", "r.assign_([NEW])"),
    "tensor numpy": Site("r = tg.Tensor([VALUE])", "float(r.numpy()[0])", "r.assign_([NEW])"),
    "tensor asarray": Site("r = tg.Tensor([VALUE])", "float(np.asarray(r).sum())", "r.assign_([NEW])"),
    "tensor as a tensor": Site("r = tg.Tensor([VALUE])", "tg.Tensor(r)", "r.assign_([NEW])"),
    "tensor captured": Site("r = tg.Tensor([VALUE])", "r", "r.assign_([NEW])"),
    "tensor replaced": Site("r = tg.Tensor([VALUE])", "r", "r = tg.Tensor([NEW])"),
    "tensor shape": Site("r = tg.zeros((2, 3))", "float(r.shape[0])", "r = tg.zeros((3, 2))"),
    "requires_grad": Site(
        "r = tg.Tensor([1.0], requires_grad=True)",
        "(VALUE if r.requires_grad else NEW)",
        "r.requires_grad_(False)",
    ),
}

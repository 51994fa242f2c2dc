"""An attribute by where it is found, and all that can come to stand nearer, or go."""

from __future__ import annotations

from watched_places import Site

#: Text that makes `cfg`, whose attribute `lr` is found somewhere.
_FOUND: dict[str, str] = {
    "in the object": "cfg.lr = VALUE",
    "in its class": "Config.lr = VALUE",
    "in a base": "Base.lr = VALUE",
    "in a slot": "Config = type('Config', (Base,), {'__slots__': ('lr',)}); cfg = Config(); cfg.lr = VALUE",
    "by a property": "Config.lr = property(lambda self: VALUE)",
    "by a descriptor": "Config.lr = Plain(VALUE)",
    "by __getattr__": "Config.__getattr__ = lambda self, name: asked(name, VALUE)",
    "by __getattribute__": "Config.__getattribute__ = lambda self, name: own(self, name, VALUE)",
    "by super": "Base.lr = VALUE",
    "nowhere": "",
    "in a class that is asked": "Config.lr = VALUE; cfg = Config",
    "in its base": "Base.lr = VALUE; cfg = Config",
    "in its metaclass": "Meta.lr = VALUE; cfg = Config",
    "in a module": "cfg = types.ModuleType('settings'); cfg.lr = VALUE",
    "nowhere in a module": "cfg = types.ModuleType('settings')",
    "in an object made inside": "Config.lr = VALUE; make = Config",
    "in a function": "def cfg(): pass\ncfg.lr = VALUE",
    "in an object like a dict": "class Config(dict): pass\ncfg = Config(); cfg.lr = VALUE",
    "in an object like a list": "class Config(list): pass\ncfg = Config(); Config.lr = VALUE",
    "in a module of this package": "class Config(nn.Identity): pass\ncfg = Config(); cfg.lr = VALUE",
    "in the class of a module of this package": "class Config(nn.Module): lr = VALUE\ncfg = Config()",
}
_START = """
import types
from tinygrad_mnist import nn
class Plain:
    def __init__(self, given): self.given = given
    def __get__(self, x, cls=None): return self.given
class Data(Plain):
    def __set__(self, x, value): pass
class Meta(type): pass
class Above: pass
class Base(Above, metaclass=Meta): pass
class Config(Base):
    def up(self): return super().lr
cfg = Config()
def asked(name, given):
    if name == 'lr': return given
    raise AttributeError(name)
def own(self, name, given): return given if name == 'lr' else object.__getattribute__(self, name)
def make(): return cfg
def get():
    try: return READ
    except AttributeError: return 0.25
FOUND
kind, other = type(cfg), cfg if isinstance(cfg, type) else type(cfg)
"""
_READS = {
    "": "cfg.lr",
    ", hasattr": "(0.5 if hasattr(cfg, 'lr') else 1.5)",
}
_READ = {"by super": "cfg.up()", "in an object made inside": "make().lr"}

#: What can come between, or change. Where Python refuses it, there is nothing to see.
_CHANGES: dict[str, str] = {
    "the object has it": "cfg.lr = NEW",
    "its dictionary has it": "vars(cfg)['lr'] = NEW",
    "its class has it": "other.lr = NEW",
    "the base has it": "Base.lr = NEW",
    "the first base has it": "Above.lr = NEW",
    "a property": "other.lr = property(lambda self: NEW)",
    "a property of the base": "Base.lr = property(lambda self: NEW)",
    "a descriptor": "other.lr = Plain(NEW)",
    "a descriptor that sets": "other.lr = Data(NEW)",
    "a descriptor in the object": "cfg.lr = Plain(NEW)",
    "its descriptor becomes one that sets": "vars(cfg)['lr'] = NEW; Plain.__set__ = lambda *a: None",
    "its descriptor gives another": "Plain.__get__ = lambda self, x, cls=None: NEW",
    "__getattr__": "other.__getattr__ = lambda self, name: asked(name, NEW)",
    "__getattribute__": "other.__getattribute__ = lambda self, name: own(self, name, NEW)",
    "__getattr__ of the metaclass": "Meta.__getattr__ = lambda self, name: asked(name, NEW)",
    "the metaclass has it": "Meta.lr = NEW",
    "a property of the metaclass": "Meta.lr = property(lambda self: NEW)",
    "a module's __getattr__": "cfg.__getattr__ = lambda name: asked(name, NEW)",
    "another class": "cfg.__class__ = type(kind)('Other', (kind,), {'lr': property(lambda self: NEW)})",
    "another base": "other.__bases__ = (type(Base)('Between', (Base,), {'lr': NEW}),)",
    "gone from the object": "del cfg.lr",
    "gone from its class": "del other.lr",
    "gone from the base": "del Base.lr",
    "gone from the class, found above": "Above.lr = NEW; del Base.lr",
    "another dictionary": "cfg.__dict__ = {'lr': NEW}",
}

SITES: dict[str, Site] = {
    f"{found}{read}: {change}": Site(
        _START.replace("FOUND", _FOUND[found]).replace("READ", _READ.get(found, _READS[read])),
        "get()",
        f"try:\n    {_CHANGES[change]}\nexcept (TypeError, AttributeError): pass",
    )
    for found in _FOUND
    for read in _READS
    for change in _CHANGES
    if not (read and found in _READ)
}

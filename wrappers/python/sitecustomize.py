"""Waits for a program to import unittest, and then lets latwrap_unittest.py report its tests

Python imports this module at its start, because latwrap adds this directory to PYTHONPATH. A sitecustomize of the
system or the project that is hidden by this one is imported in its place. Without one, this import fails, as it does
without latwrap: Python expects that. Any Python must be able to parse this file.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
AWAITED = "unittest.suite"  # unittest imports case and result before it


class Finder(object):
    """Finds one module as the finders behind this one do, and calls what patches it as soon as it is there"""

    def find_spec(self, name, path=None, target=None):
        if name != AWAITED:
            return None
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        for finder in list(sys.meta_path):
            find_spec = getattr(finder, "find_spec", None)
            spec = find_spec(name, path, target) if find_spec else None
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = Loader(spec.loader)
                return spec
        return None


class Loader(object):
    def __init__(self, real):
        self.real = real

    def create_module(self, spec):
        return self.real.create_module(spec)

    def exec_module(self, module):
        module.__loader__ = module.__spec__.loader = self.real
        self.real.exec_module(module)
        try:
            import latwrap_unittest

            latwrap_unittest.install()
        except Exception:
            pass


def import_hidden():
    """Imports the sitecustomize that comes after this one in sys.path; raises ImportError if there is none"""
    module = sys.modules.pop("sitecustomize", None)
    before, sys.path[:] = sys.path[:], [one for one in sys.path if os.path.abspath(one) != HERE]
    rest = sys.path[:]
    try:
        __import__("sitecustomize")
    except ImportError:
        if "sitecustomize" not in sys.modules and module is not None and sys.version_info < (3,):
            sys.modules["sitecustomize"] = module  # Python 2 looks for it afterwards
        raise
    finally:
        # What it did to sys.path stays.
        if sys.path == rest:
            sys.path[:] = before
        else:
            sys.path.insert(0, HERE)


if sys.version_info >= (3, 5) and os.environ.get("LATWRAP_SOCKET"):
    sys.meta_path.insert(0, Finder())
import_hidden()

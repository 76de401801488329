"""Runs without some of the BPF programs, to check what is not found without each"""

import harness
from harness import fault

_found = set()


class Scene:
    """What scenarios use; each run of it is without the programs in skipped"""

    def __init__(self, latwrap, slowfs, children, directory):
        self.latwrap, self.slowfs, self.children, self.directory = latwrap, slowfs, children, directory
        self.skipped = ()

    def keywords(self, without=()):
        return {"env": fault(*(f"skip:{program}" for program in (*self.skipped, *without))), "report": None}

    def finished(self, session):
        """Reads the report without the checks of sums, which fail when programs are missing"""
        run = session.finish() if isinstance(session, harness.Session) else session
        assert run.path.exists(), run.stderr
        run.report = harness.reportcheck.load(run.path.read_bytes())
        return run


def depends_on(scene, find, program, attempts):
    """Asserts that find(scene) finds something with that program (the machine may interfere), nothing without"""
    if find not in _found:
        assert any(find(scene) for _ in range(attempts)), f"{find.__name__} finds nothing even with {program}"
        _found.add(find)
    scene.skipped = (program,)
    assert not find(scene), f"{find.__name__} does not depend on {program}"

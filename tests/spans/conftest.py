"""Fixtures for the tests of real runners: a project made of files"""

import textwrap

import pytest


@pytest.fixture
def files(directory):
    """files({"name": "content", ...}): a new directory with these files; those that begin with #! are executable"""
    def make(files):
        path = directory / f"project{len(list(directory.glob('project*')))}"
        path.mkdir(mode=0o755)
        for name, content in files.items():
            file = path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(textwrap.dedent(content))
            if content.startswith("#!"):
                file.chmod(0o755)
        return path

    return make


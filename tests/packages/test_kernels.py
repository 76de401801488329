"""A short look inside another kernel: the oldest that measures, whose verifier refuses most"""

import pytest

from packagetools import ROOT, run


@pytest.mark.needs("root")
def test_short_look_inside():
    run(ROOT / "ci/kernels/vm", "fetch", "6.1")
    assert '"passed": 3' in run(ROOT / "ci/kernels/test", "--short", "6.1")

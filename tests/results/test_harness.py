"""The version of fpbench is that of the checkout, if it runs from one."""

import re
import subprocess
from pathlib import Path

import fpbench
from fpbench.results.harness import describe_harness


def test_a_checkout_has_a_revision_and_an_installed_package_has_none() -> None:
    found = describe_harness()
    folder = Path(fpbench.__file__).parent
    tracked = subprocess.run(
        ["git", "-C", folder, "ls-files", "--error-unmatch", "__init__.py"],
        capture_output=True,
        check=False,
    )
    assert found.version
    if tracked.returncode:
        assert (found.revision, found.dirty) == (None, None)
    else:
        assert re.fullmatch("[0-9a-f]{40}", found.revision or "")
        assert found.dirty in (True, False)

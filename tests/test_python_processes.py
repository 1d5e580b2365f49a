"""Processes of this Python import what it can import, and end with their block."""

import os
import sys
from pathlib import Path

import pytest

from fpbench.python_processes import start_python


@pytest.mark.slow
def test_a_process_imports_what_this_one_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "only_here.py").write_text("WORDS = 'from here'")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    with start_python("import only_here; print(only_here.WORDS)", os.environ) as process:
        assert process.communicate()[0] == b"from here\n"
    assert process.returncode == 0


@pytest.mark.slow
def test_a_process_ends_with_its_block() -> None:
    with pytest.raises(KeyError), start_python("input()", os.environ) as process:
        raise KeyError
    assert process.returncode == -9

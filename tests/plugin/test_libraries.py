"""An update of an installed library makes anew what a plugin made with it."""

import sys
from pathlib import Path

import pytest

from fpbench.plugin import libraries
from fpbench.plugin.libraries import library_editions


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    return tmp_path


def install(site: Path, version: str, code: str = "SEED = 1") -> None:
    """Install mylib in the distribution my-library, as pip does."""
    for old in site.glob("*.dist-info"):
        for file in old.iterdir():
            file.unlink()
        old.rmdir()
    info = site / f"my_library-{version}.dist-info"
    info.mkdir()
    (info / "RECORD").write_text(f"mylib/__init__.py,sha256={hash(code)},9\nmylib/x.pyc,,\n")
    (site / "mylib").mkdir(exist_ok=True)
    (site / "mylib" / "__init__.py").write_text(code)
    libraries._edition.cache_clear()


def test_another_version_or_build_is_another_edition(site: Path) -> None:
    editions = []
    for version, code in [("1.0", "SEED = 1"), ("1.0", "SEED = 1"), ("1.1", "SEED = 1")]:
        install(site, version, code)
        editions.append(library_editions(["mylib.x", "mylib"]))
    install(site, "1.1", "SEED = 2")
    editions.append(library_editions(["mylib"]))
    assert editions[0].keys() == {"mylib"}
    assert editions[0] == editions[1]
    assert len({str(edition) for edition in editions}) == 3


def test_what_fpbench_needs_and_what_is_not_installed_does_not_count(site: Path) -> None:
    (site / "own.py").write_text("")
    names = ["os.path", "numpy", "torch.nn", "faiss", "fpbench.errors", "own", "nowhere"]
    libraries._edition.cache_clear()
    assert library_editions(names) == {}

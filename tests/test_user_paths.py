"""A path may begin with a home folder."""

from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.user_paths import expand_path


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def test_a_tilde_is_the_home_folder(home: Path) -> None:
    assert expand_path("~") == home
    assert expand_path("~/a/b.json") == expand_path(Path("~/a/b.json")) == home / "a" / "b.json"


@pytest.mark.parametrize("name", ["a/~/b", "~name", "./~name/b", "~$a.wav", "", "/a", "a~"])
def test_other_names_stay(home: Path, name: str) -> None:
    assert expand_path(name) == Path(name)


def test_an_unknown_user_is_refused_unless_the_folder_exists(home: Path, tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="there is no user 'no-such'") as refused:
        expand_path("~no-such/x.json")
    assert refused.value.hint == "write './~no-such/x.json' for a name that begins with ~"
    (tmp_path / "~no-such").mkdir()
    (tmp_path / "~no-such" / "x.json").touch()
    assert expand_path("~no-such/x.json") == Path("~no-such/x.json")

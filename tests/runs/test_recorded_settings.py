"""Settings are recorded without folders, and found again where that is possible."""

from pathlib import Path
from typing import Any

import pytest

from fpbench import FpbenchError
from fpbench.runs.recorded_settings import record_settings, restore_settings

SETTINGS = {
    "dataset": "folder:/home/ann/music",
    "fingerprinter": "nafp",
    "seed": 3,
    "indexes": ("exact", "plugin:/opt/index.py"),
    "recipe": {"degradations": [{"name": "noise", "folder": "/data/noise"}]},
}
NAMES = ["dataset", "indexes.1", "recipe.degradations.0.folder"]


def recorded() -> dict[str, Any]:
    settings, names = record_settings(SETTINGS)
    return {**settings, "folders_left_out": names}


def test_nested_settings_are_recorded_without_folders() -> None:
    settings, names = record_settings(SETTINGS)
    assert names == NAMES
    assert settings == {
        "dataset": "folder:music",
        "fingerprinter": "nafp",
        "seed": 3,
        "indexes": ("exact", "plugin:index.py"),
        "recipe": {"degradations": [{"name": "noise", "folder": "noise"}]},
    }
    assert record_settings({"dataset": "folder:music"}) == ({"dataset": "folder:music"}, [])


def test_files_are_found_here_or_beside_the_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for path in (here / "music", there / "noise", there / "music"):
        path.mkdir(parents=True)
    monkeypatch.chdir(here)
    settings = restore_settings(there / "r.json", recorded(), {"indexes": ("exact",)})
    assert settings["dataset"] == "folder:music"
    assert settings["recipe"]["degradations"][0]["folder"] == str(there / "noise")
    assert "folders_left_out" not in settings


def test_what_is_not_found_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FpbenchError, match=r"made with the dataset 'folder:music'") as err:
        restore_settings(tmp_path / "r.json", recorded(), {})
    assert "--dataset folder:PATH" in str(err.value.hint)
    with pytest.raises(FpbenchError, match=r"recipe\.degradations\.0\.folder 'noise'"):
        restore_settings(
            tmp_path / "r.json", recorded(), {"dataset": "demo", "indexes": ("exact",)}
        )


def test_a_wrong_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="names 'nothing', which is not in the config"):
        restore_settings(tmp_path / "r.json", {"folders_left_out": ["nothing"]}, {})

"""A submission that names folders of a machine is refused."""

import json
from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.review.shown_paths import refuse_folder_names, refuse_in_columns


def test_a_path_in_a_result_is_named_with_its_field(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps({"data": {"name": "folder:music"}, "command": "fpbench run"}))
    refuse_folder_names(path)
    path.write_text(json.dumps({"skipped": [{"track": "Live /a.wav", "reason": "silent"}]}))
    refuse_folder_names(path)
    reason = {"track": "a", "reason": "cannot read /home/ann/a.wav"}
    path.write_text(json.dumps({"data": {"skipped": [reason]}}))
    with pytest.raises(
        FpbenchError, match=r"data\.skipped\[0\]\.reason holds .*'/home/ann/a\.wav'"
    ):
        refuse_folder_names(path)


@pytest.mark.parametrize("name", ["C:\\\\Users\\\\ann", "~/music", "/Users/ann", "/data/music"])
def test_a_path_in_the_config_beside_it_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / "r.json"
    path.write_text("{}")
    path.with_suffix(".toml").write_text(f'dataset = "folder:{name}"\n')
    with pytest.raises(FpbenchError, match=r"r\.toml: dataset holds the path"):
        refuse_folder_names(path)


def test_a_path_in_evidence_is_named(tmp_path: Path) -> None:
    refuse_in_columns(tmp_path / "e.npz", {"track": ["a/b.wav", "Live /a.wav"], "row": [1]})
    refuse_in_columns(tmp_path / "e.npz", None)
    with pytest.raises(FpbenchError, match=r"e\.npz: queries\.track holds the path"):
        refuse_in_columns(tmp_path / "e.npz", {"track": ["/home/ann/b.wav"]})

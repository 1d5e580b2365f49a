"""A result file gives back what was written, and a damaged one is refused by field."""

import dataclasses
import json
import os
from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench.results.files import read_result, result_files, warn_of_copies, write_result

GOLDEN = Path(__file__).parents[1] / "golden" / "result_1_0.json"


def test_a_result_survives_a_round_trip(tmp_path: Path) -> None:
    result = read_result(GOLDEN)
    write_result(result, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == GOLDEN.read_bytes()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param(
            '"result_format": "1.0"',
            '"result_format": "9.0"',
            "'result_format' cannot be '9.0'",
            id="version",
        ),
        pytest.param(
            '"status": "complete"', '"status": "done"', "field 'status' cannot be 'done'", id="word"
        ),
        pytest.param('"command"', '"comand"', "no field is called 'comand'", id="misspelt"),
        pytest.param(' "command": "fpbench', ' "": "', "no field is called ''", id="nameless"),
        pytest.param(
            '"value": 0.5', '"value": 1.5', "'curves.0.points.0.value' cannot be 1.5", id="range"
        ),
        pytest.param('"value": 0.5', '"value": NaN', "is not JSON: NaN is not a number", id="nan"),
        pytest.param("{", "", "is not JSON", id="cut"),
    ],
)
def test_a_damaged_result_is_refused_by_field(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    path = tmp_path / "damaged.json"
    path.write_text(GOLDEN.read_text().replace(old, new, 1))
    with pytest.raises(FpbenchError, match=message) as err:
        read_result(path)
    assert "damaged.json" in err.value.message
    assert err.value.hint


@pytest.mark.parametrize("new", ["", f'"result_id": "{"0" * 64}", '], ids=["without", "other"])
def test_a_result_that_was_edited_is_refused(tmp_path: Path, new: str) -> None:
    document = json.loads(GOLDEN.read_text())
    path = tmp_path / "edited.json"
    del document["result_id"]
    path.write_text("{" + new + json.dumps(document)[1:])
    with pytest.raises(FpbenchError, match=r"edited\.json: field 'result_id' is not the hash"):
        read_result(path)
    assert read_result(path, edited=True).curves == read_result(GOLDEN).curves


def test_a_newer_format_is_named_before_its_fields(tmp_path: Path) -> None:
    path = tmp_path / "newer.json"
    path.write_text('{"result_format": "2.0", "status": "complete", "novelty": 1}')
    with pytest.raises(FpbenchError, match=r"'result_format' cannot be '2\.0'") as err:
        read_result(path)
    assert "update fpbench" in (err.value.hint or "")


def test_a_misspelt_field_gets_a_suggestion(tmp_path: Path) -> None:
    path = tmp_path / "damaged.json"
    path.write_text(GOLDEN.read_text().replace('"command"', '"comand"'))
    with pytest.raises(FpbenchError) as err:
        read_result(path)
    assert "did you mean 'command'? fields: result_format, status, " in (err.value.hint or "")


def test_a_result_that_breaks_the_schema_is_not_written(tmp_path: Path) -> None:
    result = dataclasses.replace(read_result(GOLDEN), curves=[])
    with pytest.raises(FpbenchError, match=r"field 'curves' cannot be \[\]"):
        write_result(result, tmp_path / "result.json")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "value"),
    [("seed", 1.0), ("seed", True), ("seed", "0"), ("sizes", 5), ("sizes", [None])],
)
def test_config_fields_that_comparisons_use_have_their_types(
    tmp_path: Path, name: str, value: object
) -> None:
    document = json.loads(GOLDEN.read_text())
    document["config"][name] = value
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(document))
    with pytest.raises(FpbenchError, match=rf"changed\.json: field 'config\.{name}"):
        read_result(path)


@pytest.fixture
def messy(tmp_path: Path) -> Path:
    """A folder with one result among files of every other kind that may have such a name."""
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "good.json").write_bytes(GOLDEN.read_bytes())
    (tmp_path / "cut.json").write_bytes(GOLDEN.read_bytes()[:500])
    (tmp_path / "empty.json").touch()
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "noise.json").write_bytes(bytes(range(256)))
    (tmp_path / "nowhere.json").symlink_to("nothing")
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "notes.txt").touch()
    return tmp_path


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cut", "cut.json is not JSON: Expecting"),
        ("empty", "empty.json is not JSON: Expecting value"),
        ("folder", "cannot read .*folder.json: it is a folder"),
        ("noise", "noise.json is not JSON: 'utf-8' codec"),
        ("nowhere", "cannot read .*nowhere.json: No such file"),
        ("pipe", "cannot read .*pipe.json: it is not a file"),  # and is not waited for
    ],
)
def test_a_file_of_another_kind_is_named_with_its_fault(
    messy: Path, name: str, message: str
) -> None:
    assert messy / f"{name}.json" in result_files(messy)
    with pytest.raises(FpbenchError, match=message):
        read_result(messy / f"{name}.json")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_a_folder_gives_all_its_json_files_in_order(messy: Path) -> None:
    found = [path.relative_to(messy).as_posix() for path in result_files(messy)]
    names = ("cut", "empty", "folder", "noise", "nowhere", "pipe")
    assert found == ["below/good.json", *(f"{name}.json" for name in names)]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everywhere")
def test_a_folder_that_may_not_be_read_is_in_the_list(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o000)
    assert result_files(tmp_path) == [tmp_path / "closed"]
    with pytest.raises(FpbenchError, match="closed: Permission denied"):
        read_result(tmp_path / "closed")
    with pytest.raises(FpbenchError, match=r"cannot read .*: Permission denied"):
        result_files(tmp_path / "closed" / "result.json")


@pytest.mark.parametrize("name", ["none.json", "file.txt/below.json"])
def test_what_does_not_exist_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file.txt").touch()
    with pytest.raises(FpbenchError, match="no such file or folder"):
        result_files(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        pytest.param("folder:B\udce9", "folder:B\\xe9", id="a byte that is no text"),
        pytest.param("B\udcc3\udca4", "B\u00e4", id="a locale without UTF-8"),
        pytest.param("\ud83c", "\\ud83c", id="half a character"),
        pytest.param("\u97f3 \u00e4", "\u97f3 \u00e4", id="text"),
    ],
)
def test_names_of_files_are_written_as_text(tmp_path: Path, name: str, written: str) -> None:
    result = read_result(GOLDEN)
    data = dataclasses.replace(result.data, name=name)
    write_result(dataclasses.replace(result, data=data, command=name), tmp_path / "r.json")
    again = read_result(tmp_path / "r.json")
    assert (again.data.name, again.command) == (written, written)


def test_what_is_larger_than_a_result_is_not_parsed_to_see_whether_it_is_one(
    tmp_path: Path,
) -> None:
    """Some MB of brackets need GB of memory."""
    large = tmp_path / "large.json"
    large.write_text("[" + " " * (16 << 20) + "]")
    assert result_files(tmp_path) == [large]
    with pytest.raises(FpbenchError, match="16777218 bytes"):
        read_result(large)


def test_a_result_that_is_there_twice_is_named(caplog: pytest.LogCaptureFixture) -> None:
    one = read_result(GOLDEN)
    other = dataclasses.replace(one, command="another")
    warn_of_copies([(Path("a.json"), one), (Path("b.json"), other)])
    assert not caplog.messages
    warn_of_copies([(Path("a.json"), one), (Path("b.json"), other), (Path("c.json"), one)])
    assert caplog.messages == ["a.json and c.json are the same result"]

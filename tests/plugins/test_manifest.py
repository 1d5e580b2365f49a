"""A manifest is read strictly and what is wrong is named."""

import unicodedata
from pathlib import Path

import pytest

from fpbench import Dataset, FpbenchError, Settings
from fpbench_plugins.manifest import create

HEADER = "path,kind,split,licence"


def open_manifest(folder: Path, *lines: str, missing: tuple[str, ...] = ()) -> Dataset:
    manifest = folder / "list.csv"
    manifest.write_text("\n".join(lines) + "\n")
    for line in lines[1:]:
        name = line.split(",")[0]
        if name and name not in missing:
            (folder / name).touch()
    return create(Settings(argument=str(manifest)))


def test_gives_every_kind_and_split_its_role(tmp_path: Path) -> None:
    dataset = open_manifest(
        tmp_path,
        HEADER,
        "b.ogg,music,test,CC0",
        "a.ogg,music,test,CC0",
        "c.ogg,music,generator,",
        "d.ogg,music,train,",
        "e.ogg,noise,test,",
        "f.ogg,noise,train,",
        "g.wav,ir,test,",
        "h.wav,ir,train,",
        "i.wav,speech,test,",
    )
    assert [t.name for t in dataset.reference] == ["b.ogg", "a.ogg"]
    assert [t.name for t in dataset.distractors] == ["c.ogg"]
    assert [t.name for t in dataset.train] == ["d.ogg"]
    assert [t.name for t in dataset.noise] == ["e.ogg"]
    assert [t.name for t in dataset.train_noise] == ["f.ogg"]
    assert [t.name for t in dataset.impulse_responses] == ["g.wav"]
    assert [t.name for t in dataset.train_impulse_responses] == ["h.wav"]
    assert dataset.reference[0].path == tmp_path / "b.ogg"


def test_reads_real_data(shared: Path) -> None:
    dataset = create(Settings(argument=str(shared / "data" / "manifest.csv")))
    counts = (len(dataset.reference), len(dataset.distractors), len(dataset.train))
    assert counts == (46, 85, 129)
    assert (len(dataset.noise), len(dataset.impulse_responses)) == (243, 14)
    assert (len(dataset.train_noise), len(dataset.train_impulse_responses)) == (326, 22)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        pytest.param(["path,split", "a.ogg,test"], r"line 1: no column .* 'kind'", id="column"),
        pytest.param([], r"line 1: no column is called 'path'", id="empty file"),
        pytest.param([HEADER, "a.ogg,musik,test,"], r"line 2: column 'kind' .*'musik'", id="kind"),
        pytest.param([HEADER, "a.ogg,music,dev,"], r"line 2: column 'split' .*'dev'", id="split"),
        pytest.param([HEADER, "a.ogg,noise,generator,"], r"'generator' where kind", id="no such"),
        pytest.param([HEADER, "a.ogg,music"], r"line 2: column 'split' is empty", id="short row"),
        pytest.param([HEADER, "a.ogg,music,,x"], r"line 2: column 'split' is empty", id="empty"),
        pytest.param(
            [HEADER, "a.ogg,music,test,", "a.ogg,music,train,"],
            r"line 3: path 'a.ogg' is listed twice",
            id="duplicate",
        ),
        pytest.param(
            [HEADER, "a.ogg,music,test,", "./a.ogg,music,generator,"],
            r"line 3: path './a.ogg' is listed twice",
            id="another path to the same file",
        ),
        pytest.param([HEADER, "a.ogg,noise,test,"], r"no row has kind 'music'", id="no music"),
        pytest.param(
            [HEADER, '"a.ogg,music,test'], r"line 2: not CSV: unexpected end", id="open quote"
        ),
    ],
)
def test_names_what_is_wrong(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(FpbenchError, match=message):
        open_manifest(tmp_path, *lines)


def test_a_link_is_the_file_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "a.ogg").touch()
    (tmp_path / "b.ogg").symlink_to(tmp_path / "a.ogg")
    with pytest.raises(FpbenchError, match=r"line 3: path 'b.ogg' is listed twice"):
        open_manifest(tmp_path, HEADER, "a.ogg,music,test,", "b.ogg,music,generator,")


def test_names_missing_files(tmp_path: Path) -> None:
    rows = [f"{i}.ogg,music,test," for i in range(9)]
    gone = tuple(f"{i}.ogg" for i in range(1, 8))
    with pytest.raises(FpbenchError, match=r"7 listed files .* line 3: 1\.ogg; .* and 2 more"):
        open_manifest(tmp_path, HEADER, *rows, missing=gone)


def test_names_may_come_from_other_machines(tmp_path: Path) -> None:
    name = "caf\u00e9/\u00e9t\u00e9.ogg"
    path = tmp_path / unicodedata.normalize("NFD", name)
    path.parent.mkdir()
    path.touch()
    manifest = tmp_path / "list.csv"
    rows = ("path;kind;split", name.replace("/", "\\") + ";music;test", "")
    manifest.write_text("\r\n".join(rows), encoding="utf-8-sig")
    (track,) = create(Settings(argument=str(manifest))).reference
    assert track.name == name
    assert track.path.samefile(path)
    manifest.write_text("path,kind,split\n" + f"{name},music,test\n{path},music,train\n")
    with pytest.raises(FpbenchError, match=r"line 3: .* is listed twice"):
        create(Settings(argument=str(manifest)))


def test_absolute_paths_give_no_folder_names(tmp_path: Path) -> None:
    for name in ("x/a.ogg", "y/b.ogg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    dataset = open_manifest(
        tmp_path,
        HEADER,
        f"{tmp_path / 'x/a.ogg'},music,test,",
        f"{tmp_path / 'y/b.ogg'},music,train,",
    )
    assert [track.name for track in (*dataset.reference, *dataset.train)] == ["a.ogg", "b.ogg"]


def test_tells_the_real_capitals(tmp_path: Path) -> None:
    (tmp_path / "A.OGG").touch()
    with pytest.raises(FpbenchError) as err:
        open_manifest(tmp_path, HEADER, "a.ogg,music,test,", missing=("a.ogg",))
    assert err.value.hint == "the file is called 'A.OGG'; write its capitals as they are"


def test_names_a_missing_manifest(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match=r"there is no manifest '.*none\.csv'"):
        create(Settings(argument=str(tmp_path / "none.csv")))


def test_takes_no_settings(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="no setting is called 'x'"):
        create(Settings(argument=str(tmp_path), options={"x": "1"}))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a\0.ogg", "line 2: column 'path' holds a zero byte"),
        ("a" * 300, "1 listed files do not exist"),
    ],
    ids=["zero byte", "too long"],
)
def test_names_that_no_file_can_have_are_refused(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(FpbenchError, match=message):
        open_manifest(tmp_path, HEADER, f"{name},music,test,", missing=(name,))


def test_a_table_beside_it_has_recorded_queries(tmp_path: Path) -> None:
    (tmp_path / "q.wav").touch()
    (tmp_path / "queries.csv").write_text("query,reference,start_s\nq.wav,a.ogg,2.5\n")
    (query,) = open_manifest(tmp_path, HEADER, "a.ogg,music,test,").queries
    assert (query.name, query.reference, query.start_s) == ("q.wav", "a.ogg", 2.5)
    without = Settings(argument=str(tmp_path / "list.csv"), options={"queries": "none"})
    assert create(without).queries == []


@pytest.mark.parametrize(
    ("columns", "rows", "groups"),
    [
        pytest.param("licence", ["CC0", "CC0"], [None, None], id="unknown"),
        pytest.param("group", ["Ann", ""], ["Ann", None], id="group"),
        pytest.param("attribution", ["Ann", "Bob"], ["Ann", "Bob"], id="attribution"),
        pytest.param("attribution,group", ["Ann,a", "Ann,b"], ["a", "b"], id="both"),
        pytest.param("attribution,group", ["Ann,", "Bob,"], ["Ann", "Bob"], id="empty column"),
    ],
)
def test_a_column_names_the_groups(
    tmp_path: Path, columns: str, rows: list[str], groups: list[str | None]
) -> None:
    lines = [f"{name}.ogg,music,test,{cells}" for name, cells in zip("ab", rows, strict=True)]
    dataset = open_manifest(tmp_path, f"path,kind,split,{columns}", *lines)
    assert [t.group for t in dataset.reference] == groups


def test_a_column_that_is_nearly_called_group_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match="no column is called 'group'") as err:
        open_manifest(tmp_path, "path,kind,split,Groups", "a.ogg,music,test,Ann")
    assert err.value.hint == "rename 'Groups' to 'group'"

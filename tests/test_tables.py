"""A table is read in any dialect that programs write, and what is wrong is named by its line."""

from pathlib import Path

import pytest

from fpbench import FpbenchError, read_table
from fpbench.tables import show_text

COLUMNS = ("path", "kind")
ROWS = [(2, ("a b.wav", "music")), (3, ("é,x.wav", "ir"))]


def read(folder: Path, content: str | bytes, encoding: str = "utf-8") -> list[object]:
    path = folder / "list.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return list(read_table(path, COLUMNS))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param('path,kind\na b.wav,music\n"é,x.wav",ir\n', id="comma"),
        pytest.param("path;kind\na b.wav;music\né,x.wav;ir\n", id="semicolon"),
        pytest.param("path\tkind\na b.wav\tmusic\né,x.wav\tir\n", id="tab"),
        pytest.param("path|kind\na b.wav|music\né,x.wav|ir\n", id="bar"),
        pytest.param('path,kind\r\na b.wav,music\r\n"é,x.wav",ir', id="CRLF, no last line end"),
        pytest.param('path,kind\ra b.wav,music\r"é,x.wav",ir\r', id="CR"),
        pytest.param('kind,licence,path\nmusic,"a,b",a b.wav\nir,,"é,x.wav"\n', id="order"),
        pytest.param(' path , kind \n a b.wav ,music  \n"é,x.wav",\tir\n', id="blanks"),
        pytest.param("path;kind;;\na b.wav;music;;\né,x.wav;ir;;;;\n;;;\n\n", id="empty cells"),
        pytest.param('"path";"kind"\n"a b.wav";"music"\n"é,x.wav";"ir"\n', id="all quoted"),
    ],
)
def test_dialects_are_told_by_the_header(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, content) == ROWS


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_unicode_is_told_by_its_first_bytes(tmp_path: Path, encoding: str) -> None:
    content = "path\tkind\na b.wav\tmusic\né,x.wav\tir\n"
    assert read(tmp_path, content, encoding) == ROWS


def test_a_mark_may_stand_before_utf_16_of_either_order(tmp_path: Path) -> None:
    content = "path;kind\na b.wav;music\né,x.wav;ir\n"
    assert read(tmp_path, b"\xfe\xff" + content.encode("utf-16-be")) == ROWS


def test_excel_may_name_the_separator_and_comments_may_stand_above_the_header(
    tmp_path: Path,
) -> None:
    assert read(tmp_path, "sep=:\npath:kind\na:b\n") == [(3, ("a", "b"))]
    content = "# made by me, today\n\npath,kind\n#1 hit.wav,music\n"
    assert read(tmp_path, content) == [(4, ("#1 hit.wav", "music"))]


def test_lines_are_counted_as_an_editor_does(tmp_path: Path) -> None:
    content = 'path,kind,note\na,b,"two\nlines"\n\nc,d,\n'
    assert read(tmp_path, content) == [(2, ("a", "b")), (5, ("c", "d"))]


def test_a_short_row_has_empty_cells(tmp_path: Path) -> None:
    assert read(tmp_path, "path,kind\na\n") == [(2, ("a", ""))]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"", "line 1: no column is called 'path'", id="empty"),
        pytest.param(b"Path,Kinds\n", "rename 'Path' to 'path', 'Kinds' to 'kind'", id="capitals"),
        pytest.param(b"paths;kind\n", "rename 'paths' to 'path'", id="plural"),
        pytest.param(b"path,kind,path\na,b,c\n", "two columns are called 'path'", id="twice"),
        pytest.param(
            b"path,kind\na,b\ncaf\xe9.wav,ir\n",
            r"line 3: not UTF-8 \(in Windows-1252, it would be 'café\.wav,ir'\)",
            id="Latin-1",
        ),
        pytest.param(
            b"path,kind\nThe Band, Live.wav,music\n", "line 2: 3 cells, .* names 2", id="comma"
        ),
        pytest.param(b'path,kind\na,b\n"c,d\ne,f\n', "line 3: not CSV: unexpected end", id="quote"),
        pytest.param(
            b"path,kind\na\0b,c\n", r"line 2: column 'path' holds a zero byte: 'a\\x00b'", id="zero"
        ),
        pytest.param(
            b"path,kind\na,b\x1b[2J\n", r"'kind' holds a control .*: 'b\\x1b\[2J'", id="control"
        ),
        pytest.param(
            b'path,kind\n"a\nb",c\n', r"line 2: column 'path' holds a .* 'a\\nb'", id="LF"
        ),
        pytest.param(b"PK\x03\x04\x14\0\0\0", "a workbook, as Excel writes it", id="xlsx"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1", "a workbook", id="xls"),
        pytest.param(b"\xff\xfep\0a", "list.csv", id="cut-off UTF-16"),
        pytest.param(b"\xff\xfe\x00\xd8\n\0", "not text", id="half a character"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(FpbenchError, match=message) as err:
        read(tmp_path, content)
    assert "list.csv" in err.value.message


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(FpbenchError, match=r"cannot read .*none\.csv"):
        list(read_table(tmp_path / "none.csv", COLUMNS))
    with pytest.raises(FpbenchError, match="cannot read"):
        list(read_table(tmp_path, COLUMNS))


def test_invisible_characters_are_shown_in_messages() -> None:
    assert show_text("a\u200bé \n") == r"a\u200bé \n"


def test_optional_columns_may_be_absent(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("path,kind,c\na.wav,music,3\nb.wav,ir\n")
    rows = list(read_table(path, COLUMNS, optional=("b", "c")))
    assert rows == [(2, ("a.wav", "music", "", "3")), (3, ("b.wav", "ir", "", ""))]

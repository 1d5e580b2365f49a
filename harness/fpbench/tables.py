"""Reads tables that people write: CSV in any of its usual dialects. Errors name file and line."""

import csv
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from fpbench.errors import FpbenchError
from fpbench.near_names import is_near_miss

SEPARATORS = ",;\t|"
"""What may stand between columns; the header says which of them does."""

_UTF8_LINE = "save the table as CSV in UTF-8"
_AS_CSV = f"{_UTF8_LINE}; Excel calls it CSV UTF-8"
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods, .xls
_BYTE_ORDER_MARKS = (  # UTF-32 first, as its mark begins with that of UTF-16
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)

Cells = tuple[str, ...]


def read_table(
    path: Path, columns: Sequence[str], *, optional: Sequence[str] = ()
) -> Iterator[tuple[int, Cells]]:
    """The rows below the header of a table, each with the number of its first line.

    Columns are separated by comma, semicolon, tab or ``|``, whichever gives the header the wanted
    names, or the one that a first line ``sep=;`` names, as Excel writes it. Cells may be in double
    quotes. The text is UTF-8, with or without a byte order mark, or UTF-16. Lines above the header
    that begin with ``#`` are comments. Blanks around a cell, empty rows and other columns are left
    out.

    Args:
        columns: Names of the columns to read, in any order in the file.
        optional: Names of further columns, which the file may lack.

    Yields:
        Line number and the cells of ``columns`` and ``optional``, in this order; absent cells are
        empty.

    Raises:
        FpbenchError: The file cannot be read or is no such table; a column is missing or named
            twice, or an optional one is misspelt; or a row has more cells than the header, or a
            control character in a cell.
    """
    try:
        with path.open(encoding=_encoding(path), errors="surrogateescape", newline="") as file:
            yield from _rows(path, _refuse_other_encodings(path, file), columns, optional)
    except OSError as err:
        raise FpbenchError(
            f"cannot read {path}: {err.strerror or err}", hint="check its path and permissions"
        ) from err
    except UnicodeError as err:  # of UTF-16, or half a character in it
        raise FpbenchError(f"{path}: not text: {err}", hint=_UTF8_LINE) from err


def show_text(text: str) -> str:
    """A text for a message: characters that cannot be seen are shown as escapes."""
    return "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(letter: str) -> str:
    if "\udc80" <= letter <= "\udcff":  # a byte of a file name that is no text
        return f"\\x{ord(letter) - 0xDC00:02x}"
    return repr(letter)[1:-1]


def show_lines(text: str) -> str:
    """:func:`show_text` for a text of several lines."""
    return "\n".join(map(show_text, text.split("\n")))


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4)
    if start in _WORKBOOKS:
        raise FpbenchError(f"{path} is a workbook, as Excel writes it, not text", hint=_AS_CSV)
    for mark, encoding in _BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return encoding
    if len(start) == 4 and start[0] and start[2] and start[1] == start[3] == 0:
        return "utf-16-le"
    if len(start) == 4 and start[1] and start[3] and start[0] == start[2] == 0:
        return "utf-16-be"
    return "utf-8-sig"


def _refuse_other_encodings(path: Path, lines: Iterable[str]) -> Iterator[str]:
    """The lines, refused where they are not UTF-8."""
    for number, line in enumerate(lines, start=1):
        if not line.isascii():
            try:
                line.encode()
            except UnicodeEncodeError:
                raw = line.rstrip("\r\n").encode("utf-8", "surrogateescape")
                old = show_text(raw.decode("cp1252", "replace"))[:80]
                raise FpbenchError(
                    f"{path}, line {number}: not UTF-8 (in Windows-1252, it would be '{old}')",
                    hint=_AS_CSV,
                ) from None
        yield line


def _rows(
    path: Path, lines: Iterator[str], columns: Sequence[str], optional: Sequence[str]
) -> Iterator[tuple[int, Cells]]:
    header, separator, above = _header(lines, columns)
    where = f"{path}, line {max(1, above)}"
    places = [
        *(_place(name, columns, header, where) for name in columns),
        *(_optional_place(name, header, where) for name in optional),
    ]
    needed, width = 1 + max(place for place in places if place is not None), len(header)
    rows = csv.reader(lines, delimiter=separator, strict=True)
    while True:
        line = above + rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as err:
            raise FpbenchError(
                f"{path}, line {line}: not CSV: {err}",
                hint="close every quotation mark, and write a mark within quotes twice",
            ) from err
        if len(row) > width and any(cell.strip() for cell in row[width:]):
            raise FpbenchError(
                f"{path}, line {line}: {len(row)} cells, but the header names {width} columns",
                hint=f'put a cell that holds "{show_text(separator)}" in double quotes',
            )
        if len(row) < needed:
            row += [""] * (needed - len(row))
        cells = tuple(["" if place is None else row[place].strip() for place in places])
        text = "".join(cells)
        if not text and not any(cell.strip() for cell in row):
            continue
        if not text.isprintable():
            _refuse_control_characters(f"{path}, line {line}", (*columns, *optional), cells)
        yield line, cells


def _header(lines: Iterator[str], columns: Sequence[str]) -> tuple[list[str], str, int]:
    """The names of the columns, what separates them, and the number of their line."""
    separators, number = SEPARATORS, 0
    for line in lines:
        number += 1
        text = line.strip("\r\n")
        if text.lower().startswith("sep=") and len(text) == 5:
            separators = text[-1]
        elif text.strip() and not text.startswith("#"):
            break
    else:
        return [], separators[0], number
    headers = [(_split(text, separator), separator) for separator in separators]
    # The first of equals: a header of one column has no separator.
    names, separator = max(
        headers, key=lambda one: len({*columns} & {*one[0]}) or len(one[0]) / 1000
    )
    return names, separator, number


def _split(text: str, separator: str) -> list[str]:
    with suppress(csv.Error):
        return [name.strip() for name in next(csv.reader([text], delimiter=separator))]
    return []


def _place(name: str, columns: Sequence[str], header: Sequence[str], where: str) -> int:
    if header.count(name) == 1:
        return header.index(name)
    if name in header:
        raise FpbenchError(f"{where}: two columns are called '{name}'", hint="rename one of them")
    near = [
        f"'{show_text(found)}' to '{column}'"
        for column in columns
        for found in header
        if column not in header and is_near_miss(found, column)
    ]
    raise FpbenchError(
        f"{where}: no column is called '{name}'",
        hint="rename " + ", ".join(near)
        if near
        else "the first line names the columns: "
        + ", ".join(columns)
        + "; they are separated by comma, semicolon, tab or |",
    )


def _optional_place(name: str, header: Sequence[str], where: str) -> int | None:
    if name not in header and not any(is_near_miss(found, name) for found in header):
        return None
    return _place(name, (name,), header, where)


def _refuse_control_characters(where: str, columns: Sequence[str], cells: Cells) -> None:
    for name, cell in zip(columns, cells, strict=True):
        for character in cell:
            if unicodedata.category(character) == "Cc":
                what = "a zero byte" if character == "\0" else "a control character"
                raise FpbenchError(
                    f"{where}: column '{name}' holds {what}: '{show_text(cell)[:200]}'",
                    hint=_UTF8_LINE,
                )

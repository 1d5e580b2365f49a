"""Reads JSON that may be damaged or made with intent, and makes documents that JSON can hold."""

import errno
import json
import math
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_MAX_JSON_BYTES = 1 << 28
_MAX_DEPTH = 64
_MAX_WHOLE = (1 << 63) - 1


def read_json(path: Path, most_bytes: int = _MAX_JSON_BYTES) -> object:
    """Read a JSON document that may be damaged or made with intent.

    Args:
        path: A file, or a link to one.
        most_bytes: Size of the largest document.

    Raises:
        OSError: The file cannot be read.
        ValueError: See :func:`parse_json`; or the file is not UTF-8.
    """
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # reading a pipe would wait for its writer
        if stat.S_ISDIR(status.st_mode):
            os.listdir(path)  # noqa: PTH208 - raises if it may not be read
            raise OSError(errno.EISDIR, "it is a folder")
        raise OSError(errno.EINVAL, "it is not a file")
    if status.st_size > most_bytes:
        raise ValueError(f"it has {status.st_size} bytes, and not {most_bytes} at most")
    return parse_json(path.read_text(encoding="utf-8"))


def parse_json(text: str) -> object:
    """Parse JSON strictly: NaN, infinity and numbers of more than 64 bits are refused.

    Raises:
        ValueError: It is not JSON, is nested too deeply, names a key twice, or has such a number or
            half a character.
    """
    try:
        document: object = json.loads(
            text,
            parse_constant=_no_number,
            parse_float=_finite,
            parse_int=_whole,
            object_pairs_hook=_no_repeat,
        )
    except RecursionError as err:
        raise ValueError("it is nested too deeply") from err
    refuse_depth(document)
    if "\\u" in text:  # half a surrogate pair can be written as an escape, but never printed
        json.dumps(document, ensure_ascii=False).encode()
    return document


def _no_repeat(pairs: list[tuple[str, object]]) -> dict[str, object]:
    table: dict[str, object] = {}
    for name, value in pairs:
        if name in table:
            raise ValueError(f"it has the key {name[:40]!r} twice")
        table[name] = value
    return table


def refuse_depth(document: object) -> None:
    """Refuse what is nested so deeply that a function that calls itself would not get through.

    Raises:
        ValueError: It is.
    """
    level = [document]
    for _ in range(_MAX_DEPTH):
        inner = [part for part in level if isinstance(part, dict | list)]
        if not inner:
            return
        level = [
            each for part in inner for each in (part.values() if isinstance(part, dict) else part)
        ]
    raise ValueError("it is nested too deeply")


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is not a number")


def _finite(word: str) -> float:
    return float(word) if math.isfinite(float(word)) else _no_number(word[:20])


def _whole(word: str) -> int:
    if len(word) > len(str(-_MAX_WHOLE)) or abs(int(word)) > _MAX_WHOLE:
        raise ValueError(f"{word[:20]} has more than 64 bits")
    return int(word)


def json_safe(value: object) -> object:
    """Replace every NaN and infinity, which JSON does not have, by None."""
    if isinstance(value, Mapping):
        return {key: json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_safe(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def utf8_document(value: object) -> object:
    """A JSON document whose texts are those of :func:`utf8_text`."""
    if isinstance(value, str):
        return utf8_text(value)
    if isinstance(value, Mapping):
        return {utf8_document(key): utf8_document(item) for key, item in value.items()}
    return [utf8_document(item) for item in value] if isinstance(value, list | tuple) else value


def utf8_text(text: str) -> str:
    """A text that UTF-8 can hold, from one that may have names of files in it.

    Python keeps the bytes of a file name that its locale cannot decode. They are decoded here as
    UTF-8, so that a name is the same in every locale; a byte that is none becomes ``\\xe9``.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        with suppress(UnicodeEncodeError):
            return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        return text.encode("utf-8", "backslashreplace").decode()
    return text

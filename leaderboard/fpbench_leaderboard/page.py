"""Replaces the leaderboard in a Markdown file, between two marks, and nothing else."""

from pathlib import Path

from fpbench.errors import FpbenchError
from fpbench.files import atomic_file

BEGIN = "<!-- begin: fpbench leaderboard -->"
END = "<!-- end: fpbench leaderboard -->"


def update_page(path: Path, text: str) -> bool:
    """Replace what stands between the marks; a file that would be the same is not written.

    Returns:
        Whether the file has changed.

    Raises:
        FpbenchError: The file cannot be read or written, or does not have each mark once, on a line
            of its own.
    """
    try:
        before = path.read_bytes().decode()
    except OSError as err:
        raise FpbenchError(f"cannot read {path}: {err.strerror}", hint="check the path") from err
    except UnicodeDecodeError as err:
        raise FpbenchError(f"{path} is not text in UTF-8", hint="save it as UTF-8") from err
    after = _replaced(before, text, path)
    if after == before:
        return False
    with atomic_file(path) as file:
        file.write(after.encode())
    return True


def _replaced(page: str, text: str, path: Path) -> str:
    lines = page.splitlines(keepends=True)
    places = [
        [place for place, line in enumerate(lines) if line.strip() == mark] for mark in (BEGIN, END)
    ]
    if [len(found) for found in places] != [1, 1] or places[0][0] > places[1][0]:
        raise FpbenchError(
            f"{path} does not have the two lines that the leaderboard stands between",
            hint=f"write '{BEGIN}' and, below it, '{END}' where it belongs, each on a line once",
        )
    (begin,), (end,) = places
    line_break = "\r\n" if lines[begin].endswith("\r\n") else "\n"
    inner = f"\n{text.strip()}\n\n".replace("\n", line_break)
    return "".join([*lines[: begin + 1], inner, *lines[end:]])

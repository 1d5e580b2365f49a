"""A page keeps all that does not stand between its two marks."""

from pathlib import Path

import pytest

from fpbench import FpbenchError
from fpbench_leaderboard.page import BEGIN, END, update_page


def test_only_what_stands_between_the_marks_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_bytes(f"# Title\r\n\r\n{BEGIN}\r\nold\r\n{END}\r\nend".encode())
    assert update_page(page, "new\nboard\n")
    written = page.read_bytes().decode()
    assert written == f"# Title\r\n\r\n{BEGIN}\r\n\r\nnew\r\nboard\r\n\r\n{END}\r\nend"
    assert not update_page(page, "new\nboard\n")


@pytest.mark.parametrize(
    "text",
    ["", f"{BEGIN}\n", f"{END}\n{BEGIN}\n", f"{BEGIN}\n{BEGIN}\n{END}\n", f"a {BEGIN}\n{END}\n"],
)
def test_a_page_without_both_marks_is_refused(tmp_path: Path, text: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(FpbenchError, match="two lines that the leaderboard stands between"):
        update_page(page, "new")
    assert page.read_text() == text

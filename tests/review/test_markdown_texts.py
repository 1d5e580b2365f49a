"""Texts of strangers are shown as they are in Markdown, and do nothing else."""

import re

import pytest

from fpbench.review.markdown_texts import escape_markdown

INJECTIONS = {
    "a script": "<script>alert(1)</script>",
    "an image": "![x](https://evil.example/x.png)",
    "a link": "[click](https://evil.example)",
    "a bare address": "https://evil.example/steal",
    "an address without a scheme": "www.evil.example",
    "a mention": "@everyone",
    "a mail address": "a@evil.example",
    "a cell": "best | 100.0 |",
    "a heading in a new line": "x\n# First place",
    "code": "`rm -rf`",
    "emphasis": "**best** _of_ ~~all~~",
    "a comment": "<!-- hides the rest",
    "an entity": "&lt;b&gt;",
    "a formula": "$\\href{https://evil.example}{x}$",
    "text that runs backwards": "\u202etsrif\u200b",
    "an escape of the terminal": "\x1b[31mred\x07",
    "a backslash before a cell": "x\\| y",
}
"""What a stranger may write into a name."""


@pytest.mark.parametrize("text", INJECTIONS.values(), ids=INJECTIONS.keys())
def test_nothing_of_an_injection_remains(text: str) -> None:
    shown = escape_markdown(text)
    assert shown.isprintable()
    assert not re.search(r"[<>]|://|www\.|@", shown)
    assert not re.search(r"&(?!amp;|lt;|gt;)", shown)
    # Each mark has a backslash of its own before it.
    unescaped = re.sub(r"\\[\\`*\[\]|~$#_]", "", shown)
    assert not re.search(r"[\\`*\[\]|~$#]", unescaped)


@pytest.mark.parametrize(
    "text",
    ["spectral-sketch", "faiss:IVF4096,PQ64", "folder:../music_2/set.v1", "hr@10", "±0.25 s (2%)"],
)
def test_usual_texts_stay_as_they_are(text: str) -> None:
    assert escape_markdown(text) == text


def test_an_underscore_at_the_border_of_a_word_is_escaped() -> None:
    assert escape_markdown("_best_ of a_b") == r"\_best\_ of a_b"

"""Names in a figure are text, whatever characters they have."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from fpbench.review.figure_files import figure_bytes
from fpbench.review.figure_texts import (
    _other_families,
    add_legend,
    one_line,
    readable_text,
    show_as_text,
)

HOSTILE = ["Ba$$in", "$a$", "_hidden", "x^2", r"\frac{a", "{}", "100 %", r"\$", "#&~"]


def titled(title: str) -> Figure:
    figure = Figure(figsize=(2, 1))
    figure.suptitle(title)
    show_as_text(figure)
    return figure


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_no_formula(name: str) -> None:
    figure = titled(name)
    assert figure.get_suptitle() == name
    assert figure_bytes(figure, ".svg")


def test_the_legend_shows_names_that_begin_with_an_underscore() -> None:
    figure = Figure()
    axes = figure.add_subplot()
    lines = axes.plot([0, 1], [0, 1]) + axes.plot([0, 1], [1, 0])
    add_legend(axes, lines, ["_nafp", "two\nlines"])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["_nafp", "two lines"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param("caf\u0065\u0301", "caf\u00e9", id="decomposed"),
        pytest.param("a\tb\u3000c", "a b c", id="spaces"),
        pytest.param("a\x07\u202eb", "ab", id="control and direction"),
        pytest.param("\udce9t\u00e9", "\\xe9t\u00e9", id="a byte that is no text"),
        pytest.param("\ud83c", "\\ud83c", id="half a character"),
        pytest.param("two\nlines", "two\nlines", id="lines"),
    ],
)
def test_odd_characters_are_shown_or_left_out(name: str, shown: str) -> None:
    assert readable_text(name) == shown


def test_a_name_has_one_line() -> None:
    assert one_line("two\nlines") == "two lines"


def test_characters_without_a_font_are_shown_by_their_code_with_one_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    figure = titled("\U000f1234 and \U000f1234 and \U000f1235")  # of private use
    assert figure.get_suptitle() == r"\U000f1234 and \U000f1234 and \U000f1235"
    assert figure_bytes(figure)  # a missing glyph would be a warning, which is an error here
    assert len(caplog.messages) == 1
    assert r"the figure shows codes, such as \U000f1234" in caplog.messages[0]


@pytest.fixture
def installed_font(tmp_path: Path) -> Iterator[str]:
    """A font with one character of private use, which is installed during the test."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    pen.lineTo((0, 500))
    pen.lineTo((500, 500))
    pen.closePath()
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", "sign"])
    builder.setupCharacterMap({0xF1234: "sign"})
    builder.setupGlyf({".notdef": pen.glyph(), "sign": pen.glyph()})
    builder.setupHorizontalMetrics({".notdef": (600, 0), "sign": (600, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Private Signs", "styleName": "Regular"})
    builder.setupOS2(usWeightClass=400)
    builder.setupPost()
    builder.save(tmp_path / "signs.ttf")
    before = list(fontManager.ttflist)
    fontManager.addfont(tmp_path / "signs.ttf")
    _other_families.cache_clear()
    yield "Private Signs"
    fontManager.ttflist[:] = before
    _other_families.cache_clear()


def test_a_font_that_has_the_characters_is_used(
    installed_font: str, caplog: pytest.LogCaptureFixture
) -> None:
    figure = titled("\U000f1234 and")
    assert figure.get_suptitle() == "\U000f1234 and"
    (text,) = figure.texts
    assert text.get_fontfamily() == ["DejaVu Sans", installed_font]
    assert figure_bytes(figure)
    assert not caplog.messages

"""A review can be posted whatever the change holds."""

from dataclasses import replace
from pathlib import Path

import pytest

from fpbench.results.files import read_result
from fpbench.results.systems import GeneratorInfo
from fpbench.verification.pull_request import Review, Reviewed
from fpbench.verification.review_text import MOST_BYTES, code_span, review_text

PATH = "submissions/spectral-sketch/r.json"


@pytest.fixture
def reviewed(result: Path) -> Reviewed:
    return Reviewed(path=PATH, result=read_result(result), problems=[])


def test_says_that_all_is_in_order(reviewed: Reviewed) -> None:
    text = review_text(Review(changed=2, results=[reviewed]))
    assert "Everything that a machine can check is in order." in text
    assert "recomputed from its evidence" in text
    assert "No result on the board has the same audio and queries." in text


def test_problems_come_first(reviewed: Reviewed) -> None:
    wrong = replace(reviewed, problems=["/a is 1: it is 2"], unchecked=["x.npz is missing"])
    text = review_text(Review(changed=2, problems=["too much"], results=[wrong]))
    assert "**This cannot be merged as it is.**" in text
    assert "* ` too much `" in text
    assert "* ` /a is 1: it is 2 `" in text
    assert "self-reported" in text


def test_compares_with_the_best_on_the_board(reviewed: Reviewed) -> None:
    assert reviewed.result is not None
    text = review_text(Review(changed=1, results=[reviewed], board={"x": reviewed.result}))
    assert "1 of 2" in text
    assert "outlier" not in text.lower()


def test_names_an_outlier(reviewed: Reviewed) -> None:
    result = reviewed.result
    assert result is not None
    point = result.curves[0].points[-1]
    low = replace(point, value=0.1, ci=replace(point.ci, low=0.05, high=0.15))
    high = replace(point, value=0.9, ci=replace(point.ci, low=0.85, high=0.95))
    curve = result.curves[0]
    board = replace(result, curves=[replace(curve, points=[low])])
    mine = replace(reviewed, result=replace(result, curves=[replace(curve, points=[high])]))
    assert "**Outlier**" in review_text(Review(changed=1, results=[mine], board={"x": board}))


def test_queries_of_another_length_or_draws_of_another_generator_are_not_compared(
    reviewed: Reviewed,
) -> None:
    result = reviewed.result
    assert result is not None
    (curve, *_) = result.curves
    longer = replace(result, curves=[replace(curve, query_length_s=10.0)])
    text = review_text(Review(changed=1, results=[reviewed], board={"x": longer}))
    assert "1 of 2" not in text
    drawn = replace(result, curves=[replace(curve, distractors="synthetic")])
    easy, hard = (
        replace(
            drawn,
            generator=GeneratorInfo(
                name=name,
                distribution="-",
                version="1",
                options={},
                parameters={},
                fitted_fingerprints=10,
                weights_sha256="0" * 64,
            ),
        )
        for name in ("easy", "hard")
    )
    mine = replace(reviewed, result=easy)
    assert "1 of 2" not in review_text(Review(changed=1, results=[mine], board={"x": hard}))
    text = review_text(Review(changed=1, results=[mine], board={"x": easy}))
    assert "synthetic of ` easy `" in text


HOSTILE = {
    "mention": "@everyone",
    "link": "[x](https://example.org)",
    "image": "![x](https://example.org/x.png)",
    "tag": "<img src=x onerror=alert(1)>",
    "row": "a | b | c",
    "line": "a\n\n# b",
    "code": "`a` ``b`` ```c",
    "bidi": "a\u202eb",
    "zero width": "a\u200bb",
    "control": "\x1b[31mred\x07",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_foreign_text_stays_in_its_code_span(text: str) -> None:
    span = code_span(text)
    fence = span[: len(span) - len(span.lstrip("`"))]
    assert span.startswith(f"{fence} ")
    assert span.endswith(f" {fence}")
    assert fence not in span[len(fence) : -len(fence)]
    assert span.isprintable()
    assert "|" not in span.replace("\\|", "")


def test_a_long_review_is_cut_at_a_line() -> None:
    many = [Reviewed(path=PATH, result=None, problems=["x" * 250] * 60) for _ in range(20)]
    text = review_text(Review(changed=1, results=many))
    assert len(text.encode()) <= MOST_BYTES
    assert "and 10 more" in text
    assert text.rstrip().endswith("for all of it.")

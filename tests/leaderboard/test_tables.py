"""Tables compare only what can be compared, put the best first, and do not depend on order."""

import dataclasses
import itertools
from collections.abc import Callable

import pytest

from fpbench.results.document import Result
from fpbench.results.names import rate_label
from fpbench.results.systems import CheckInfo
from fpbench.results.tails import HalfSize, TailInfo
from fpbench.units import short_hours
from fpbench_leaderboard import leaderboard
from fpbench_leaderboard.tables import NOT_SEARCHED

Named = Callable[..., Result]


def rows(markdown: str) -> list[str]:
    return [line.split("|")[1].strip() for line in markdown.splitlines() if line.startswith("| ")]


def test_the_best_at_the_largest_size_comes_first(named: Named) -> None:
    results = [
        named("crumbles", {1000: 0.9, 10_000: 0.2}),
        named("stands", {1000: 0.8, 10_000: 0.7}),
        named("unmeasured", {1000: 0.95}),
    ]
    assert rows(leaderboard(results)) == ["system", "stands", "crumbles", "unmeasured"]


def test_a_system_run_with_two_generators_has_one_row_for_real_distractors(named: Named) -> None:
    first = named("twice", {1000: 0.9})
    other = dataclasses.replace(first.generator, name="resample")
    again = dataclasses.replace(first, generator=other)
    assert rows(leaderboard([first, again])) == ["system", "twice"]
    changed = named("twice", {1000: 0.8})
    assert rows(leaderboard([first, again, changed])) == ["system", "twice", "twice"]


def test_a_copy_of_a_result_has_no_separate_row(named: Named) -> None:
    base = named("nafp", {1000: 0.9})
    synthetic = dataclasses.replace(base.curves[0], distractors="synthetic")
    result = dataclasses.replace(base, curves=[synthetic])
    assert rows(leaderboard([result, result])) == ["system", "nafp"]


def test_the_same_audio_by_another_path_is_in_the_same_table(named: Named) -> None:
    first, second = named("one", {1000: 0.9}), named("two", {1000: 0.8})
    elsewhere = dataclasses.replace(second.data, name="folder:../music")
    second = dataclasses.replace(second, data=elsewhere)
    assert rows(leaderboard([second, first])) == ["system", "one", "two"]


def test_the_board_names_no_folder_of_a_users_machine(named: Named) -> None:
    one = named("one", {1000: 0.9})
    result = dataclasses.replace(one, data=dataclasses.replace(one.data, name="folder:/home/ann/x"))
    assert "\n## folder:x, " in leaderboard([result])
    assert "ann" not in leaderboard([result])


def test_systems_with_one_name_have_different_labels(named: Named) -> None:
    first, second = named("nafp", {1000: 0.9}), named("nafp", {1000: 0.8})
    wider = dataclasses.replace(second.fingerprinter, options={"width": "32"})
    second = dataclasses.replace(second, fingerprinter=wider)
    assert rows(leaderboard([second, first])) == ["system", "nafp", "nafp (width=32)"]


def test_new_code_with_equal_numbers_has_no_separate_row(named: Named) -> None:
    first = named("nafp", {1000: 0.9})
    system = dataclasses.replace(first.fingerprinter, source_sha256="1" * 64)
    again = dataclasses.replace(first, fingerprinter=system)
    assert len(rows(leaderboard([first, again]))) == len(rows(leaderboard([first])))


def test_order_of_input_does_not_matter(named: Named) -> None:
    results = [named(name, {1000: value}) for name, value in (("a", 0.5), ("b", 0.5), ("c", 0.6))]
    texts = {leaderboard(order) for order in itertools.permutations(results)}
    assert len(texts) == 1


def test_results_on_other_audio_get_a_separate_table(named: Named) -> None:
    here = named("a", {1000: 0.5})
    elsewhere = dataclasses.replace(here, data=dataclasses.replace(here.data, content="0" * 32))
    assert leaderboard([here, elsewhere]).count("## ") == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda r: {"config": {**r.config, "seed": 7}},
        lambda r: {"queries": dataclasses.replace(r.queries, n=30)},
    ],
    ids=["seed", "queries"],
)
def test_results_of_other_queries_get_a_separate_table(
    named: Named,
    change: Callable[[Result], dict[str, object]],
) -> None:
    first = named("a", {1000: 0.9})
    other = dataclasses.replace(named("b", {1000: 0.9}), **change(first))
    assert leaderboard([first, other]).count("## ") == 2


def test_a_cell_has_the_interval_and_a_row_the_hours(named: Named) -> None:
    text = leaderboard([named("a", {35_500: 0.5})])
    assert "50.0 (45.0–55.0)" in text  # noqa: RUF001
    assert "HR@1 at 35.5 k" in text
    assert "5.0 h" in text


def test_no_results_give_a_message() -> None:
    assert leaderboard([], metric="hr@3") == "No results with hr@3.\n"


def test_a_system_that_breaks_rules_is_marked(named: Callable[..., Result]) -> None:
    check = CheckInfo(passed=False, broken={"determinism": "the same audio gives different bytes"})
    text = leaderboard([named("careless", {100: 0.9}, check=check), named("correct", {100: 0.8})])
    assert "| careless † " in text
    assert "| correct " in text
    assert "† breaks rules of the harness, see `check` in its result." in text
    assert "†" not in leaderboard([named("correct", {100: 0.8})])


def test_a_table_says_what_its_intervals_are_over(named: Named) -> None:
    first, second = named("older", {1000: 0.9}), named("newer", {1000: 0.8})
    assert "95 % intervals over tracks. Data" in leaderboard([first, second])
    second = dataclasses.replace(second, queries=dataclasses.replace(second.queries, groups=22))
    assert "95 % intervals over tracks or 22 groups. Data" in leaderboard([first, second])


def test_sizes_at_which_simulated_rates_are_halved_have_a_table(named: Named) -> None:
    results = [
        with_half_size(named("early", {1000: 0.9}), 4e7),
        with_half_size(named("late", {1000: 0.8}), 5e9),
        named("searched", {1000: 0.7}),
    ]
    _, halves = leaderboard(results).split("half of that at 1 M:\n\n")
    lines = [line for line in halves.splitlines() if line.startswith("| ")]
    assert [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[1:]] == [
        ["late", "gaussian", "50.0", "5 B (2.5 B to 10 B)"],
        ["early", "gaussian", "50.0", "40 M (20 M to 80 M)"],
    ]


def test_simulated_points_are_marked_and_are_no_searched_audio(named: Named) -> None:
    simulated = with_half_size(named("far", {1000: 0.9}), 5e9)
    searched, beyond = simulated.curves[0].points
    text = leaderboard([simulated])
    assert text.count(NOT_SEARCHED) == 2
    (line,) = (line for line in text.splitlines() if line.startswith("| far") and "exact" in line)
    cells = [cell.strip() for cell in line.split("|")[1:-1]]
    assert cells[-2] == f"{rate_label(beyond)} {NOT_SEARCHED}"
    assert cells[-1] == short_hours(searched.hours)


def with_half_size(result: Result, size: float) -> Result:
    """A result with a simulated point, and half of its rate at a million left at this size."""
    (curve,) = result.curves
    half = HalfSize(
        metric=curve.metric,
        tolerance_s=curve.tolerance_s,
        start=10**6,
        value=0.5,
        size=size,
        low=size / 2,
        high=size * 2,
    )
    tail = TailInfo(
        index=curve.index,
        replicates=8,
        particles=30,
        moves=2,
        keep=0.25,
        searched=1000,
        decoded=1000,
        levels=5,
        accepted=0.3,
        checks=[],
        half_sizes=[half],
    )
    point = dataclasses.replace(curve.points[0], n_distractors=10**12, found="simulated")
    simulated = dataclasses.replace(curve, distractors="synthetic", points=[*curve.points, point])
    return dataclasses.replace(result, curves=[simulated], tails=[tail])


def test_names_of_strangers_add_no_cell_line_or_markup(named: Named) -> None:
    evil = named("best | 100.0 |\n# First `x` <b>", {1000: 0.1})
    system = dataclasses.replace(evil.fingerprinter, options={"a|b": "[x](https://evil.example)"})
    data = dataclasses.replace(evil.data, name="folder:x\n\n# Second <script>")
    results = [
        dataclasses.replace(evil, fingerprinter=system, data=data),
        dataclasses.replace(named(evil.fingerprinter.name, {1000: 0.2}), data=data),
    ]
    text = leaderboard(results)
    assert not any(word in text for word in ("<", "://", "[x]", "`x`"))
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert len(headings) == 2
    cells = {len(line.replace(r"\|", "").split("|")) for line in text.splitlines() if "|" in line}
    assert len(cells) == 1

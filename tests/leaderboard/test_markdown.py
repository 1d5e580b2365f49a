"""The Markdown board fits a page, says what its numbers are, and shows foreign names as text."""

import dataclasses
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fpbench.errors import ErrorCollector
from fpbench.results.costs import Costs, EncoderCost, IndexCost, Latency
from fpbench.results.data import TaskInfo
from fpbench.results.document import CheckInfo, Result
from fpbench.results.provenance import Provenance
from fpbench.results.tails import HalfSize, TailInfo
from fpbench_leaderboard.entries import Entry
from fpbench_leaderboard.html_page import board_html
from fpbench_leaderboard.markdown import board_body
from fpbench_leaderboard.searches import Wanted
from fpbench_leaderboard.sections import make_board
from fpbench_leaderboard.tiers import read_entries

ROOT = Path(__file__).parents[2]
Named = Callable[..., Result]
Text = Callable[..., str]


def tables(text: str) -> list[list[list[str]]]:
    """The cells of each table, with its heads."""
    found: list[list[list[str]]] = [[]]
    for line in text.splitlines():
        if line.startswith("| "):
            found[-1].append([cell.strip() for cell in line.split("|")[1:-1]])
        elif found[-1] and not line.startswith("|"):
            found.append([])
    return [table for table in found if table]


def test_the_board_of_the_submissions_fits_a_page() -> None:
    errors = ErrorCollector()
    entries = read_entries([ROOT / "submissions"], errors, check=False)
    assert len(entries) > 0
    task = TaskInfo(name="open-music-v1", version=1, content="1" * 32, data=None, queries=None)
    of_task = [replace(one, result=replace(one.result, task=task)) for one in entries]
    for shown in (entries, of_task):
        text = board_body(make_board(shown, "submissions", Wanted(metrics=["hr@1"])))
        assert max(map(len, text.splitlines())) <= 120
        assert len(text.splitlines()) < 20 * len(entries)
        assert "  " not in text.partition("##")[0]


def test_a_task_says_that_only_maintainers_have_run_it(named: Named, markdown: Text) -> None:
    task = TaskInfo(name="demo-v1", version=1, content="1" * 32, data=None, queries=None)
    ours, theirs = (
        named(who, {1000: 0.5}, task=task, provenance=Provenance(submitter=who, relation=relation))
        for who, relation in (("ann", "maintainer"), ("bob", "author"))
    )
    assert "Verified by the maintainers alone" in markdown(ours)
    assert "Verified by the maintainers alone" in board_html(
        make_board([Entry(result=ours)], "here")
    )
    assert "Verified by" not in markdown(ours, theirs)
    assert "Verified by" not in markdown(dataclasses.replace(ours, task=None))


def test_a_cell_has_the_interval(named: Named, markdown: Text) -> None:
    ranked, systems = tables(markdown(named("a", {35_500: 0.5})))
    assert ranked[0] == ["rank", "system", "35.5 k", "audio at 35.5 k"]
    assert ranked[1] == ["1", "a", "50.0 (45.0–55.0)", "5.0 h"]  # noqa: RUF001
    assert systems[0] == ["system", "configuration", "MB per hour", "tier"]


def test_what_no_result_has_is_no_column(named: Named, markdown: Text) -> None:
    one = named("a", {1000: 0.5})
    assert "real time" not in markdown(one)
    costs = costs_of(encoder=EncoderCost(audio_s=100.0, wall_s=4.0, cached=False))
    (_, systems) = tables(markdown(dataclasses.replace(one, costs=costs), named("b", {1000: 0.1})))
    place = systems[0].index("× real time")  # noqa: RUF001
    assert [row[place] for row in systems[1:]] == ["25", ""]


def test_indexes_are_compared_with_their_size_and_time(named: Named, markdown: Text) -> None:
    one = named("a", {1000: 0.5})
    coarse = dataclasses.replace(named("a", {1000: 0.4}).curves[0], index="ivfpq")
    latency = Latency(batch=100, ms=0.25, low_ms=0.2, high_ms=0.3, repeats=5)
    cost = IndexCost(
        index="ivfpq",
        distractors="real",
        rows=1000,
        bytes_per_fingerprint=64.0,
        bytes_per_hour=460_800.0,
        latencies=[latency],
        cached=False,
    )
    both = dataclasses.replace(one, curves=[*one.curves, coarse], costs=costs_of(indexes=[cost]))
    (indexes,) = [table for table in tables(markdown(both)) if "ivfpq" in table[0]]
    assert indexes == [
        ["system", "exact", "ivfpq", "ivfpq: MB per hour", "ivfpq: ms per query"],
        ["a", "50.0 (45.0–55.0)", "40.0 (35.0–45.0)", "0.461", "0.25"],  # noqa: RUF001
    ]


def test_indexes_that_no_other_one_beats_have_a_star(named: Named, markdown: Text) -> None:
    one = named("a", {1000: 0.5})
    costs = [
        IndexCost(
            index=index,
            distractors="real",
            rows=1000,
            bytes_per_fingerprint=64.0,
            bytes_per_hour=460_800.0,
            latencies=[
                Latency(batch=batch, ms=ms, low_ms=ms, high_ms=ms, repeats=5) for batch in (1, 100)
            ],
            cached=False,
        )
        for index, ms in (("exact", 2.0), ("ivf", 0.25), ("lsh", 0.5))
    ]
    curves = [
        dataclasses.replace(named("a", {1000: rate}).curves[0], index=index)
        for index, rate in (("ivf", 0.4), ("lsh", 0.3))
    ]
    several = dataclasses.replace(one, curves=[*one.curves, *curves], costs=costs_of(indexes=costs))
    text = markdown(several)
    assert "not ranked; * no other one is as good, as fast and as small:" in text
    times = {
        name: cell
        for table in tables(text)
        for name, cell in zip(table[0], table[1], strict=True)
        if name.endswith("ms per query")
    }
    assert times == {
        "exact: ms per query": "2 *",
        "ivf: ms per query": "0.25 *",
        "lsh: ms per query": "0.5",
    }


def costs_of(**known: object) -> Costs:
    """Costs of which only some are known."""
    return Costs(
        wall_s=9.0,
        processor_s=9.0,
        peak_memory_bytes=None,
        threads=1,
        load_before=None,
        load_after=None,
        stages=[],
        **{"encoder": None, "indexes": [], "calibration": None, **known},
    )


def test_columns_that_do_not_fit_are_in_a_table_below(named: Named, markdown: Text) -> None:
    sizes = {10**4: 0.9, 10**6: 0.8, 10**7: 0.7, 10**8: 0.4}
    far, near = named("a-rather-long-name", sizes), named("b", {10**7: 0.5})
    first, second, _ = tables(markdown(far, near))
    assert first[0] == ["rank", "system", "10 k", "1 M", "10 M", "100 M"]
    assert second == [
        ["system", "audio at 10 M", "lost, 1 M to 100 M"],
        ["a-rather-long-name", "1 389 h", "50 %"],
        ["b", "1 389 h", ""],
    ]


def test_a_system_that_breaks_rules_is_marked(named: Named, markdown: Text) -> None:
    check = CheckInfo(passed=False, broken={"determinism": "the same audio gives different bytes"})
    text = markdown(named("careless", {100: 0.9}, check=check), named("correct", {100: 0.8}))
    assert [row[1] for row in tables(text)[0][1:]] == ["careless †", "correct"]
    assert "† careless: breaks rules." in text
    assert "†" not in markdown(named("correct", {100: 0.8}))


def test_a_section_says_what_its_intervals_are_over(named: Named, markdown: Text) -> None:
    first, second = named("older", {1000: 0.9}), named("newer", {1000: 0.8})
    assert "; intervals over tracks." in markdown(first, second)
    second = dataclasses.replace(second, queries=dataclasses.replace(second.queries, groups=22))
    assert "; intervals over 22 groups or tracks." in markdown(first, second)


def test_sections_of_one_title_are_told_apart_by_their_data(named: Named, markdown: Text) -> None:
    one = named("a", {1000: 0.9})
    other = dataclasses.replace(one, data=dataclasses.replace(one.data, content="1" * 32))
    titles = [line for line in markdown(one, other).splitlines() if line.startswith("### ")]
    assert len(set(titles)) == 2
    assert f"{titles[0][:20]}" == f"{titles[1][:20]}"
    assert any(title.endswith(f", data `{'1' * 12}`") for title in titles)


def test_one_query_is_one_query(named: Named, markdown: Text) -> None:
    one = named("a", {1000: 0.9})
    one = dataclasses.replace(one, queries=dataclasses.replace(one.queries, n=1))
    assert ", 1 query of 1 s" in markdown(one)


def test_simulated_points_are_marked_and_have_a_half_size(named: Named, markdown: Text) -> None:
    text = markdown(with_half_size(named("far", {10**6: 0.9}), 5e9), distractors="synthetic")
    cells = {}
    for heads, row in tables(text)[:2]:
        cells |= dict(zip(heads, row, strict=True))
    assert cells["1 M"] == "90.0 (85.0–95.0)"  # noqa: RUF001
    assert cells["100 M"] == "90.0 (85.0–95.0) ◇"  # noqa: RUF001
    assert cells["half of 1 M is left at"] == "5 B (2.5 B to 10 B)"
    assert "No system was measured with real distractors" in text


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
    point = dataclasses.replace(curve.points[0], n_distractors=10**8, found="simulated")
    simulated = dataclasses.replace(curve, distractors="synthetic", points=[*curve.points, point])
    return dataclasses.replace(result, curves=[simulated], tails=[tail])


def test_the_board_names_no_folder_of_a_users_machine(named: Named, markdown: Text) -> None:
    one = named("one", {1000: 0.9})
    result = dataclasses.replace(one, data=dataclasses.replace(one.data, name="folder:/home/ann/x"))
    assert "\n### folder:x, " in markdown(result)
    assert "/ann" not in markdown(result)


def test_names_of_strangers_add_no_cell_line_or_markup(named: Named, markdown: Text) -> None:
    evil = named("best | 100.0 |\n# First `x` <b>", {1000: 0.1})
    system = dataclasses.replace(
        evil.fingerprinter,
        options={"a|b": "[x](https://evil.example)"},
        distribution="<!-- end: fpbench leaderboard -->",
    )
    data = dataclasses.replace(evil.data, name="folder:x\n\n# Second <script>")
    name = "t\n# Third | <i>"
    task = TaskInfo(name=name, version=None, content="`x`", data=None, queries=None)
    results = [
        dataclasses.replace(evil, fingerprinter=system, data=data, task=task),
        dataclasses.replace(named(evil.fingerprinter.name, {1000: 0.2}), data=data, task=task),
    ]
    text = markdown(*results)
    assert not any(word in text for word in ("<", "://", "[x]", "`x`"))
    headings = [line for line in text.splitlines() if line.startswith("#")]
    assert len(headings) == 3
    for table in tables(text.replace(r"\|", "")):
        assert len({len(row) for row in table}) == 1

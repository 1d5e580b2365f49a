"""Whether the numbers of a fidelity block agree with each other."""

from collections.abc import Iterator
from itertools import pairwise

from fpbench.generators.fidelity_limits import find_alarms
from fpbench.results.document import Result
from fpbench.results.fidelity import FLOOR, INDEPENDENT, Fidelity, HitRates, OlderHitRates
from fpbench.verification.problems import ROUNDING, Problem, compare, join_pointer
from fpbench.verification.submission import Submission

POINTER = "/fidelity"


def check_fidelity_numbers(submission: Submission) -> Iterator[Problem]:
    """Gaps are differences of the hit rates beside them, and what is counted fits together."""
    result = submission.result
    fidelity = result.fidelity
    if fidelity is None:
        return
    for pointer, rates in _tables(fidelity):
        yield from _check_rates(pointer, rates)
    yield from _check_order(fidelity)
    yield from _check_sets(fidelity)
    if fidelity.judged_by is not None:  # in older results it was not said
        yield from _check_counts(result, fidelity)
        yield from _check_judges(result, fidelity)
        if result.protocol is None:  # one has metrics and queries of its own
            yield from _check_metrics(result, fidelity)
        expected, pointer = find_alarms(fidelity), f"{POINTER}/alarms"
        # Older results have them in the order in which the sets were drawn.
        claimed = sorted(fidelity.alarms, key=lambda alarm: alarm.generator)
        yield from compare(pointer, claimed, expected, "the table of limits")


def _tables(fidelity: Fidelity) -> Iterator[tuple[str, HitRates | OlderHitRates]]:
    for place, rates in enumerate(fidelity.tables()):
        yield f"{POINTER}/hit_rates/{place}", rates
    if isinstance(fidelity.hit_rates, OlderHitRates):
        yield f"{POINTER}/hit_rates", fidelity.hit_rates
    if fidelity.hit_rates_in_track is not None:
        yield f"{POINTER}/hit_rates_in_track", fidelity.hit_rates_in_track
    if fidelity.sequences is not None:
        for place, shorter in enumerate(fidelity.sequences.shorter):
            yield f"{POINTER}/sequences/shorter/{place}/hit_rates", shorter.hit_rates


def _check_rates(pointer: str, rates: HitRates | OlderHitRates) -> Iterator[Problem]:
    """Within one table."""
    if list(rates.sizes) != sorted(set(rates.sizes)):
        yield Problem(pointer=f"{pointer}/sizes", value=rates.sizes, rule="sizes ascend")
    for name, column in rates.hit_rate.items():
        falls = all(b <= a + ROUNDING for a, b in pairwise(column))
        if not falls:
            rule = "more distractors never raise the expected hit rate"
            yield Problem(
                pointer=join_pointer(f"{pointer}/hit_rate", name), value=column, rule=rule
            )
    real = rates.hit_rate[FLOOR]
    gaps = {
        name: [one - other for one, other in zip(column, real, strict=True)]
        for name, column in rates.hit_rate.items()
        if name != FLOOR
    }
    yield from compare(f"{pointer}/gap", rates.gap, gaps, "hit_rate")


def _check_order(fidelity: Fidelity) -> Iterator[Problem]:
    """A hit among the first is one among the first three, and one in time is one in the track."""
    tables = {(t.metric, t.tolerance_s): (p, t) for p, t in enumerate(fidelity.tables())}
    for (metric, tolerance_s), (place, strict) in tables.items():
        deeper = {"hr@1": "hr@3", "hr@3": "hr@10"}.get(metric, metric)
        for wider in {(deeper, tolerance_s), (metric, None)} - {(metric, tolerance_s)}:
            if wider not in tables or tables[wider][1].sizes != strict.sizes:
                continue
            for name, column in strict.hit_rate.items():
                others = tables[wider][1].hit_rate.get(name, column)
                if any(a > b + ROUNDING for a, b in zip(column, others, strict=True)):
                    where = "the track" if wider[1] is None else f"{wider[1]:g} s"
                    pointer = f"{POINTER}/hit_rates/{place}/hit_rate"
                    rule = f"every hit is also one of {wider[0]} in {where}"
                    yield Problem(pointer=join_pointer(pointer, name), value=column, rule=rule)


def _check_sets(fidelity: Fidelity) -> Iterator[Problem]:
    """Every table is of the same sets."""
    names = set(fidelity.statistics or ())
    rule = f"statistics are of {', '.join(sorted(names)) or 'nothing'}"
    found = {f"{POINTER}/spread": set(fidelity.spread or ())}
    if fidelity.copying:  # empty if the generator came fitted
        found[f"{POINTER}/copying"] = set(fidelity.copying)
    # Independent draws of a generator of tracks are another set for runs only.
    found |= {
        f"{pointer}/hit_rate": {name.removesuffix(INDEPENDENT) for name in rates.hit_rate}
        for pointer, rates in _tables(fidelity)
    }
    for pointer, sets in found.items():
        if sets != names:
            yield Problem(pointer=pointer, value=sorted(sets), rule=rule)


def _check_counts(result: Result, fidelity: Fidelity) -> Iterator[Problem]:
    """Rows, tracks and groups are of the data."""
    by_reference = fidelity.judged_by == "reference"
    tracks = result.data.reference_tracks if by_reference else result.data.distractor_tracks
    rows = result.data.reference_fingerprints
    rows = rows if by_reference else result.data.distractor_fingerprints
    largest = max((rates.sizes[-1] for rates in fidelity.tables()), default=0)
    # Ready-made fingerprints come without tracks, so that there are none to count.
    most_tracks = tracks or rows
    limits = {
        "rows": (fidelity.rows, rows, "fingerprints to judge by"),
        "tracks": (fidelity.tracks, most_tracks, "tracks to judge by"),
        "groups": (fidelity.groups, fidelity.tracks or 0, "tracks in them"),
        "real_clusters": (fidelity.real_clusters, fidelity.tracks or 0, "tracks in them"),
        "query_clusters": (fidelity.query_clusters, result.queries.n, "queries"),
        "hit_rates": (largest, rows, "fingerprints to judge by"),
    }
    if result.protocol is not None:
        del limits["query_clusters"]
    for field, (value, most, what) in limits.items():
        if value is not None and value > most:
            rule = f"there are {most} {what}"
            yield Problem(pointer=f"{POINTER}/{field}", value=value, rule=rule)


def _check_judges(result: Result, fidelity: Fidelity) -> Iterator[Problem]:
    """A generator that was fitted in the run is judged by what it was not fitted to."""
    if result.generator is None:
        return
    fitted = result.generator.fitted_fingerprints is not None
    if fitted != (fidelity.judged_by in ("held-out groups", "held-out tracks")):
        how = "was fitted in this run" if fitted else "came fitted"
        rule = f"the generator {how}"
        yield Problem(pointer=f"{POINTER}/judged_by", value=fidelity.judged_by, rule=rule)


def _check_metrics(result: Result, fidelity: Fidelity) -> Iterator[Problem]:
    """Hit rates are measured at every metric and tolerance that the curves have."""
    pointer = f"{POINTER}/hit_rates"
    if not fidelity.hit_rates:  # no query has a match, or the reference judged
        return
    if isinstance(fidelity.hit_rates, OlderHitRates):
        rule = "they are a list, one for each metric and tolerance"
        yield Problem(pointer=pointer, value=None, rule=rule)
        return
    shown = {(c.metric, c.tolerance_s) for c in result.curves if c.distractors == "synthetic"}
    found = [(rates.metric, rates.tolerance_s) for rates in fidelity.tables()]
    for missing in sorted(shown - set(found), key=repr):
        yield Problem(pointer=pointer, value=None, rule=f"curves have {missing}, which is missing")
    if len(found) > len(set(found)):
        rule = "each metric and tolerance is there once"
        yield Problem(pointer=pointer, value=found, rule=rule)

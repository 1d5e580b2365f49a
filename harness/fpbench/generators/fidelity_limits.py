"""The limits beyond which synthetic fingerprints are so unlike real ones that a result is wrong."""

from collections.abc import Iterator

from fpbench.results.fidelity import FLOOR, Alarm, Fidelity, HitRates, OlderHitRates

LARGEST_FRECHET = 5.0
"""Largest Frechet distance, as a multiple of its floor.

Bundled generators that are fitted to the system are at 0.7 to 1.3 in all runs of the board, and up
to 1.7 with only 16 tracks. Generators of another system are at 10 to 30.
"""

LARGEST_MARGINAL = 0.2
"""Largest Jensen-Shannon divergence of marginals, in bits above its floor.

A divergence is never larger than the total variation distance (Lin 1991), so beyond the limit at
least a fifth of the probability lies elsewhere, in the mean over dimensions, on top of what differs
between real tracks. The floor depends on rows and tracks; what is above it hardly does. The bundled
generators are up to 0.07 above the floor on the board, and those of PeakNetFP 0.57 to 0.65.
"""

LARGEST_GAP = 0.1
"""Largest difference of a hit rate with synthetic distractors from that with as many real ones.

The Gaussian of PeakNetFP, the worst on the board, is at 0.08 in the right track.
"""

GAP_ERRORS = 3
"""Standard errors by which a gap must exceed :data:`LARGEST_GAP`: few queries prove nothing."""

REFUSED = ("frechet", "hit_rate")
"""Statistics whose alarms make a result invalid. Marginals alone do not show that hit rates are
wrong: those of PeakNetFP are not."""


def find_alarms(fidelity: Fidelity | None) -> list[Alarm]:
    """The statistics of all synthetic sets that are beyond their limits, at most one of each kind.

    Sets are in the order of their names, so that a result which is read again has equal alarms.

    The Frechet distance shows a generator of another system, or one that was hardly fitted. It
    depends only on mean and covariance, so marginals and the gap in hit rate are also used.
    """
    if fidelity is None:
        return []
    names = sorted(name for name in fidelity.statistics or () if name != FLOOR)
    return [alarm for name in names for alarm in _alarms_of(fidelity, name)]


def find_deviation(fidelity: Fidelity | None, name: str) -> str | None:
    """Say in words why hit rates with draws of a generator are wrong; None if nothing shows it."""
    alarms = find_alarms(fidelity)
    return next((a.words for a in alarms if a.generator == name and a.statistic in REFUSED), None)


def find_marginal_alarm(fidelity: Fidelity | None, name: str) -> str | None:
    """Say in words how far the marginals of draws are from real ones; None if they are not."""
    alarms = find_alarms(fidelity)
    return next(
        (a.words for a in alarms if a.generator == name and a.statistic not in REFUSED), None
    )


def _alarms_of(fidelity: Fidelity, name: str) -> Iterator[Alarm]:
    own, floor = fidelity.of(name), fidelity.of(FLOOR)
    if own is not None and floor is not None:
        if own.frechet > LARGEST_FRECHET * max(floor.frechet, 1e-6):
            ratio = f"{own.frechet / floor.frechet:.0f} times" if floor.frechet > 0 else "far above"
            yield Alarm(
                generator=name,
                statistic="frechet",
                value=own.frechet,
                limit=LARGEST_FRECHET * max(floor.frechet, 1e-6),
                words=f"its Frechet distance is {own.frechet:.3g}, {ratio} the floor of "
                f"{floor.frechet:.3g}",
            )
        if own.js_marginal > floor.js_marginal + LARGEST_MARGINAL:
            yield Alarm(
                generator=name,
                statistic="js_marginal",
                value=own.js_marginal,
                limit=floor.js_marginal + LARGEST_MARGINAL,
                words=f"the JS divergence of its marginals is {own.js_marginal:.2g} bits, of real "
                f"ones {floor.js_marginal:.2g}",
            )
    for rates, where in _gap_tables(fidelity):
        found = _gap_alarm(rates, name, where)
        if found is not None:
            yield found
            return


def _gap_tables(fidelity: Fidelity) -> Iterator[tuple[HitRates | OlderHitRates, str]]:
    """Expected hit rates, each with the words for its metric and tolerance."""
    for table in fidelity.tables():
        place = (
            "in the right track" if table.tolerance_s is None else f"within {table.tolerance_s:g} s"
        )
        yield table, f" {place}" + (f" ({table.metric.upper()})" if table.metric != "hr@1" else "")
    if isinstance(fidelity.hit_rates, OlderHitRates):
        yield fidelity.hit_rates, ""
    if fidelity.hit_rates_in_track is not None:
        yield fidelity.hit_rates_in_track, " in the right track"


def _gap_alarm(rates: HitRates | OlderHitRates, name: str, where: str) -> Alarm | None:
    """The first gap beyond the limit."""
    columns = (rates.sizes, rates.gap.get(name, ()), rates.gap_error.get(name, ()))
    for size, gap, error in zip(*columns, strict=False):
        # Where no error could be measured, there are too few tracks for a proof.
        if error is None:
            continue
        half = GAP_ERRORS * error
        if is_gap_beyond(gap - half, gap + half):
            return Alarm(
                generator=name,
                statistic="hit_rate",
                value=gap,
                limit=LARGEST_GAP if gap > 0 else -LARGEST_GAP,
                words=describe_gap(size, gap) + where,
            )
    return None


def is_gap_beyond(low: float, high: float) -> bool:
    """Whether the whole interval of a gap in hit rate is beyond the limit."""
    return low > LARGEST_GAP or high < -LARGEST_GAP


def describe_gap(n_distractors: int, gap: float) -> str:
    """The words for a gap beyond the limit."""
    side = "above" if gap > 0 else "below"
    rate = f"{100 * abs(gap):.1f} points {side} that of real ones"
    return f"at {n_distractors} distractors its hit rate is {rate}"

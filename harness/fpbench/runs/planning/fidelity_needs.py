"""What fidelity needs, where queries have several fingerprints."""

from collections.abc import Sequence

from fpbench.generators.sequence_fidelity import shorter_lengths
from fpbench.results.lengths import QueryLength
from fpbench.results.systems import FingerprinterInfo
from fpbench.runs.config import RunConfig
from fpbench.runs.needs import Need
from fpbench.runs.run_sets import most_runs
from fpbench.runs.trials import product_rate
from fpbench.units import count_label, short_size

_SETS = 6  # real runs, and those of the generator, its independent draws and three baselines
_TOLERANCES = 2.0  # at which the longest queries are searched


def fidelity_needs(
    config: RunConfig, n_real: int, info: FingerprinterInfo, lengths: Sequence[QueryLength]
) -> list[Need]:
    """Needs of the hit rates among real and synthetic runs, all of which are in memory.

    Args:
        config: Settings of the run.
        n_real: Number of real distractors; half of them judge a generator that the run fits.
        info: The fingerprinter.
        lengths: Lengths of the queries, ascending. A run with single fingerprints needs little.
    """
    *others, longest = lengths
    segments, dim = longest.segments, info.dim
    if segments == 1:
        return []
    shorter = others or shorter_lengths(longest, info.hop_s)
    # The first fingerprints of all runs, for one shorter length after the other.
    rows = segments + max((each.segments for each in shorter), default=0)
    judges = n_real if config.generator_weights is not None else n_real // 2
    runs, queries = min(judges, most_runs(dim * segments)), config.recipe.n_queries
    searched = _TOLERANCES * segments + sum(each.segments for each in shorter)
    products = 2.0 * dim * searched * queries * runs * _SETS
    return [
        Need(
            stage="fidelity",
            work=f"{count_label(_SETS, 'set')} of {short_size(runs)} runs",
            seconds=products / product_rate(queries, dim * segments),
            memory_bytes=_SETS * 4.0 * dim * rows * runs,
            disk_bytes=0.0,
        )
    ]

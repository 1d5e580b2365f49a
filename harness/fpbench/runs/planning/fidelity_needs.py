"""What fidelity needs, where queries have several fingerprints."""

from fpbench.generators.sequence_fidelity import shorter_lengths
from fpbench.results.lengths import QueryLength
from fpbench.results.systems import FingerprinterInfo
from fpbench.runs.config import RunConfig
from fpbench.runs.needs import Need
from fpbench.runs.run_sets import most_runs
from fpbench.runs.trials import product_rate
from fpbench.units import count_label, short_size

_SETS = 6  # real runs, and those of the generator, its independent draws and three baselines
_SEARCHES = 4.0  # at two tolerances, and of shorter queries


def fidelity_needs(
    config: RunConfig, n_real: int, info: FingerprinterInfo, segments: int
) -> list[Need]:
    """Needs of the hit rates among real and synthetic runs, all of which are in memory.

    Args:
        config: Settings of the run.
        n_real: Number of real distractors; half of them judge a generator that the run fits.
        info: The fingerprinter.
        segments: Fingerprints in a query. A run with single ones needs little.
    """
    if segments == 1:
        return []
    length_s, hop_s, dim = config.recipe.query_length_s, info.hop_s, info.dim
    shorter = shorter_lengths(QueryLength(length_s, segments), hop_s)
    # The first fingerprints of all runs, for one shorter length after the other.
    rows = segments + max((each.segments for each in shorter), default=0)
    judges = n_real if config.generator_weights is not None else n_real // 2
    runs, queries = min(judges, most_runs(dim * segments)), config.recipe.n_queries
    products = 2.0 * dim * segments * queries * runs * _SETS * _SEARCHES
    return [
        Need(
            stage="fidelity",
            work=f"{count_label(_SETS, 'set')} of {short_size(runs)} runs",
            seconds=products / product_rate(queries, dim * segments),
            memory_bytes=_SETS * 4.0 * dim * rows * runs,
            disk_bytes=0.0,
        )
    ]

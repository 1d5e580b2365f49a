"""``fpbench run --sweep``: ranges of settings of indexes."""

from collections.abc import Mapping, Sequence
from typing import Any

from fpbench.cli.terminal import say
from fpbench.errors import FpbenchError
from fpbench.evidence.index_losses import EXACT
from fpbench.plugin.catalog import Catalog
from fpbench.progress import Stage
from fpbench.runs.arguments import config_from_arguments
from fpbench.runs.config import RunConfig
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.sweeps.ranges import read_sweep
from fpbench.runs.workers.engines import EngineChoice


def config_with_sweep(
    options: Mapping[str, Any], given: Mapping[str, Any], catalog: Catalog
) -> tuple[RunConfig, Sequence[str]]:
    """The config of a run with all settings of its sweep, and the names of those.

    Exact search is added, because every other index is compared with it.

    Raises:
        FpbenchError: As :func:`config_from_arguments` and :func:`read_sweep`, or the run has a
            protocol.
    """
    config = config_from_arguments(options["config"], given, "the command line", catalog)
    if options["sweep"] is None:
        return config, ()
    if config.protocol is not None:
        raise FpbenchError(
            f"--sweep has no effect with protocol {config.protocol}",
            hint="name the settings with --index, such as ivfpq:nprobe=5,20",
        )
    swept = [name for name in read_sweep(options["sweep"]) if name not in config.indexes]
    first = [*config.indexes, *([] if EXACT in config.indexes else [EXACT])]
    fields = {**given, "indexes": [*first, *swept]}
    return config_from_arguments(options["config"], fields, "--sweep", catalog), swept


def run_sweep(
    prepared: PreparedRun, swept: Sequence[str], stage: Stage, choice: EngineChoice
) -> PreparedRun:
    """Search what the sweep needs, and say what it skips; the run itself if there is no sweep."""
    if not swept:
        return prepared
    # Imported here, so that `fpbench run --help` does not wait for SciPy.
    from fpbench.runs.sweeps.swept_run import sweep_indexes

    reduced, sweep = sweep_indexes(prepared, swept, stage, choice)
    for setting, reason in sweep.skipped.items():
        say(f"skipped {setting.name}: {reason}")
    count = len(sweep.measured) + len(sweep.skipped)
    say(f"sweep: {len(sweep.measured)} of {count} settings were searched")
    return reduced

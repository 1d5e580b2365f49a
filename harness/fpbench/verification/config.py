"""Whether a result agrees with its own config: seed, names, status."""

from collections.abc import Iterator

from fpbench.plugin.loading import PREFIX
from fpbench.verification.problems import Problem
from fpbench.verification.submission import Submission


def check_seed(submission: Submission) -> Iterator[Problem]:
    """The seed is a whole number."""
    seed = submission.result.config.get("seed")
    if type(seed) is not int or seed < 0:
        yield Problem(pointer="/config/seed", value=seed, rule="it is a whole number of at least 0")


def check_names(submission: Submission) -> Iterator[Problem]:
    """Fingerprinter and generator have the names of the config."""
    result = submission.result
    parts = {"fingerprinter": result.fingerprinter, "generator": result.generator}
    for kind, part in parts.items():
        if part is None or (kind == "fingerprinter" and "ready_made" in result.queries.recipe):
            continue
        config_name = str(result.config.get(kind))
        # For plugin:FILE, the name of the entry is only in that file.
        if not config_name.startswith(PREFIX) and config_name.partition(":")[0] != part.name:
            yield Problem(
                pointer=f"/{kind}/name", value=part.name, rule=f"config.{kind} is {config_name!r}"
            )
    generator = result.generator
    if generator is not None and generator.foreign:
        if result.config.get("foreign_generator") is not True:
            rule = "config.foreign_generator is not true"
            yield Problem(pointer="/generator/foreign", value=True, rule=rule)
        if generator.fitted_to is None:
            rule = "generator.foreign is true, so it is known what it was fitted to"
            yield Problem(pointer="/generator/fitted_to", value=None, rule=rule)


def check_status(submission: Submission) -> Iterator[Problem]:
    """A run is partial if its curves end below the largest size of the config."""
    result = submission.result
    sizes = result.config.get("sizes")
    if not isinstance(sizes, list) or not all(type(size) is int for size in sizes):
        rule = "it is a list of whole numbers"
        yield Problem(pointer="/config/sizes", value=sizes, rule=rule)
        return
    largest = 0 if result.config.get("distractors") == "none" else max(sizes, default=0)
    reached = max(point.n_distractors for curve in result.curves for point in curve.points)
    if (result.status == "partial") != (largest > reached):
        rule = f"curves reach {reached} of {largest} distractors"
        yield Problem(pointer="/status", value=result.status, rule=rule)

"""Refuses options of ``fpbench run`` that would have no effect."""

from typing import Any

from fpbench.errors import FpbenchError
from fpbench.runs.config import RunConfig


def refuse_unused(options: dict[str, Any], config: RunConfig) -> None:
    """Refuse options that have no effect with the chosen distractors or without another option.

    Raises:
        FpbenchError: There is such an option.
    """
    unused = {
        "real": ("generator", "generator_weights", "foreign_generator", "fits"),
        "none": ("generator", "generator_weights", "foreign_generator", "sizes", "beyond", "fits"),
    }.get(config.distractors, ())
    for name in unused:
        if options[name] is not None:
            raise FpbenchError(
                f"--{name.replace('_', '-')} has no effect with --distractors {config.distractors}",
                hint="leave it out, or use --distractors both",
            )
    if options["foreign_generator"] and config.generator_weights is None:
        raise FpbenchError(
            "--foreign-generator has no effect without --generator-weights",
            hint="leave it out: a generator that the run fits is always one of this system",
        )


def refuse_beside_write_config(options: dict[str, Any]) -> None:
    """Refuse options that have no effect with ``--write-config``.

    Raises:
        FpbenchError: There is such an option.
    """
    for name in ("out", "cache", "fresh", "unchecked", "plan", "prepare", "shard", "sweep"):
        if options[name]:
            raise FpbenchError(
                f"--{name} has no effect with --write-config, which starts no run",
                hint="leave one of them out",
            )


def refuse_for_ready_made(options: dict[str, Any], config: RunConfig) -> None:
    """Refuse options of a fingerprinter, if the dataset holds fingerprints.

    Raises:
        FpbenchError: There is such an option.
    """
    for name in ("fingerprinter", "weights", "pairs", "channel", "unchecked"):
        if options[name]:
            option = "set" if name == "pairs" else name
            raise FpbenchError(
                f"--{option} has no effect: {config.dataset} holds fingerprints, not audio",
                hint="leave it out",
            )

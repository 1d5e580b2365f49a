"""An option of ``fpbench run`` that would have no effect is refused by its name."""

from typing import Any

import pytest

from fpbench import FpbenchError
from fpbench.cli.unused_options import (
    refuse_beside_write_config,
    refuse_for_ready_made,
    refuse_unused,
)
from fpbench.runs.config import RunConfig

_OF_DISTRACTORS = ("generator", "generator_weights", "foreign_generator", "sizes", "beyond", "fits")
_OF_RUNS = ("out", "cache", "fresh", "unchecked", "plan", "prepare", "shard", "sweep")
_OF_AUDIO = ("fingerprinter", "weights", "pairs", "channel", "unchecked")


def options(**given: Any) -> dict[str, Any]:
    return dict.fromkeys((*_OF_DISTRACTORS, *_OF_RUNS, *_OF_AUDIO)) | given


def test_options_without_effect_are_refused_by_name() -> None:
    with pytest.raises(FpbenchError, match="--fits has no effect with --distractors real"):
        refuse_unused(options(fits=3), RunConfig(distractors="real"))
    with pytest.raises(FpbenchError, match="--sweep has no effect with --write-config"):
        refuse_beside_write_config(options(sweep="x.toml"))
    with pytest.raises(FpbenchError, match="--set has no effect: demo holds fingerprints"):
        refuse_for_ready_made(options(pairs=("a=1",)), RunConfig())


def test_options_with_effect_are_not() -> None:
    refuse_unused(options(fits=3), RunConfig())
    refuse_beside_write_config(options(fits=3))
    refuse_for_ready_made(options(sizes="1e3"), RunConfig())

"""Another fit has another seed, and empty indexes of its own."""

from collections.abc import Callable

from fpbench.runs.prepare import PreparedRun
from fpbench.runs.prepared_fits import prepare_fit


def test_another_fit_has_another_seed(prepared: Callable[..., PreparedRun]) -> None:
    run = prepared(generator="gaussian", distractors="both")
    assert prepare_fit(run, 1) is run
    second, third = prepare_fit(run, 2), prepare_fit(run, 3)
    assert len({one.config.seed for one in (run, second, third)}) == 3
    assert second.config.seed == prepare_fit(run, 2).config.seed
    assert second.generator is not None
    assert second.generator.settings.seed == second.config.seed
    assert second.source is run.source  # the queries are the same
    assert list(second.indexes) == ["synthetic"]
    (own,), (other,) = run.indexes["synthetic"], second.indexes["synthetic"]
    assert own.index is not other.index

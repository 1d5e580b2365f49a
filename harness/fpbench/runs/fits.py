"""Several fits of a run's generator: the fit is a source of chance, too."""

from fpbench.errors import FpbenchError
from fpbench.runs.config import RunConfig


def refuse_fits(config: RunConfig) -> None:
    """Refuse several fits where nothing is fitted.

    Raises:
        FpbenchError: There are no synthetic distractors, or their generator is fitted already.
    """
    if config.fits == 1:
        return
    if config.distractors not in ("synthetic", "both"):
        raise FpbenchError(
            f"{config.fits} fits are wanted, but distractors are {config.distractors}",
            hint="use --distractors both, or leave --fits out",
        )
    if config.generator_weights is not None:
        raise FpbenchError(
            f"{config.fits} fits are wanted, but generator '{config.generator_weights}' is fitted "
            "already",
            hint="leave out --generator-weights or --fits",
        )

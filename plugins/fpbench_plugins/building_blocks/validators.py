"""Range checks for the settings of a config."""

import math


def require_at_least(config: object, low: int, *names: str) -> None:
    """Refuse settings below ``low``. None means "not set" and passes.

    Raises:
        ValueError: One is less than ``low``, infinite or NaN.
    """
    for name in names:
        value = getattr(config, name)
        if value is not None and not low <= value < math.inf:
            raise ValueError(f"{name}={value}, but it must be at least {low} and finite")


def require_above_zero(config: object, *names: str) -> None:
    """Refuse settings that are not positive. None means "not set" and passes.

    Raises:
        ValueError: One is 0 or less, infinite or NaN.
    """
    for name in names:
        value = getattr(config, name)
        if value is not None and not 0 < value < math.inf:
            raise ValueError(f"{name}={value}, but it must be above 0 and finite")


def require_between_0_and_1(config: object, *names: str) -> None:
    """Refuse settings outside the open interval from 0 to 1. None means "not set" and passes.

    Raises:
        ValueError: One is 0 or less, 1 or more, or NaN.
    """
    for name in names:
        value = getattr(config, name)
        if value is not None and not 0 < value < 1:
            raise ValueError(f"{name}={value}, but it must lie between 0 and 1")

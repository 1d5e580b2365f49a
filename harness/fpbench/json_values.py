"""Values as JSON can hold them."""

import math
from collections.abc import Mapping


def finite(value: object) -> object:
    """The same value with None for every NaN and infinity, which JSON does not have."""
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

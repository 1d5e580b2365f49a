"""Types of the fields of a result, with their limits.

The limits are checked when a result is read. schemas/result.v1.json contains them; it is generated:
after a change, run tests/results/record_schema.py.
"""

from typing import Annotated, Literal

from msgspec import Meta

DistractorKind = Literal["real", "synthetic"]
Found = Literal["searched", "simulated"]
Estimator = Literal[1, 2, 3]

Rate = Annotated[float, Meta(ge=0, le=1)]
Difference = Annotated[float, Meta(ge=-1, le=1)]
Level = Annotated[float, Meta(gt=0, lt=1)]
Seconds = Annotated[float, Meta(gt=0)]
Hours = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Name = Annotated[str, Meta(min_length=1)]
FileName = Annotated[str, Meta(pattern=r"^[^/\\]+$")]
Metric = Annotated[str, Meta(pattern="^hr@[1-9][0-9]*$")]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]

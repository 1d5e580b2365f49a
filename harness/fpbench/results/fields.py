"""Types of the fields of a result, with their limits.

The limits are checked when a result is read. schemas/result-1.0.json contains them; it is
generated: after a change, run tests/results/record_schema.py.
"""

from typing import Annotated, Literal

from msgspec import Meta

DistractorKind = Literal["real", "synthetic"]
Found = Literal["searched", "simulated", "extrapolated"]
Estimator = Literal[1, 2, 3, 4, 5]

HIT_RANKS = (1, 3, 10)  # k of the metrics hr@k of every curve

Rate = Annotated[float, Meta(ge=0, le=1)]
Difference = Annotated[float, Meta(ge=-1, le=1)]
Level = Annotated[float, Meta(gt=0, lt=1)]
Seconds = Annotated[float, Meta(gt=0)]
Hours = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
_END = r"$(?!\n)"  # in Python, $ alone lets a line break follow
# Control characters, and those that are invisible or change the direction of a text.
_HIDDEN = r"\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
# Neither those, nor what begins HTML or ends a cell of a Markdown table.
Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=f"^[^{_HIDDEN}|<>$]+{_END}",
        extra={"words": "in one line of up to 200 visible characters, without | < > $"},
    ),
]
Words = Annotated[
    str,
    Meta(
        max_length=1_000,
        pattern=f"^[^{_HIDDEN}]*{_END}",
        extra={"words": "in one line of up to 1,000 visible characters"},
    ),
]
FileName = Annotated[
    str,
    Meta(
        max_length=255,
        pattern=rf"^[^/\\{_HIDDEN}|<>]+{_END}",
        extra={"words": "a name of a file without its folder, and without | < >"},
    ),
]
Metric = Annotated[str, Meta(max_length=20, pattern=f"^hr@[1-9][0-9]*{_END}")]
Sha256 = Annotated[str, Meta(pattern=f"^[0-9a-f]{{64}}{_END}")]
GitRevision = Annotated[str, Meta(pattern=f"^[0-9a-f]{{40,64}}{_END}")]

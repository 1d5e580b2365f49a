"""What is said of a damaged recording."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Damage:
    """Damage inside a recording or at its end.

    Args:
        at_s: Seconds from the start of the recording to the damage; None if that is not known.
        reason: A short clause, such as ``truncated: its last page is incomplete``.
    """

    at_s: float | None
    reason: str

    def __str__(self) -> str:
        return self.reason if self.at_s is None else f"{self.reason}, from {self.at_s:.1f} s on"

"""What one stage of a run needs."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """The work of one stage, and the time, memory and disk space for it."""

    stage: str
    work: str
    seconds: float
    memory_bytes: float
    disk_bytes: float
    in_result: bool = False
    """Whether the same space is also needed beside the result, for the evidence file."""

    @property
    def all_disk_bytes(self) -> float:
        """Disk space in the cache and beside the result."""
        return self.disk_bytes * (2 if self.in_result else 1)


def for_fits(need: Need, fits: int) -> Need:
    """A need of one fit of the generator, for all of them, one after the other."""
    if fits == 1:
        return need
    return replace(
        need,
        work=f"{fits} fits, each {need.work}",
        seconds=fits * need.seconds,
        disk_bytes=fits * need.disk_bytes,
    )

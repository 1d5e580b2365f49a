"""A need counts evidence twice: in the cache and beside the result."""

from fpbench.runs.needs import Need


def need(*, in_result: bool) -> Need:
    return Need(
        stage="search",
        work="",
        seconds=0.0,
        memory_bytes=0.0,
        disk_bytes=3.0,
        in_result=in_result,
    )


def test_evidence_is_in_the_cache_and_beside_the_result() -> None:
    assert need(in_result=True).all_disk_bytes == 6.0
    assert need(in_result=False).all_disk_bytes == 3.0

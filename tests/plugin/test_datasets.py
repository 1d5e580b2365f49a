"""A dataset makes the files that do not exist yet, once it is asked to."""

from fpbench import Dataset, PendingFiles
from fpbench.progress_display import hide_progress


def test_pending_files_are_made_when_a_run_needs_them() -> None:
    made: list[str] = []
    pending = PendingFiles(
        what="music",
        count=1,
        size_bytes=1,
        estimate_s=lambda: 1.0,
        make=lambda report: made.append("music"),
    )
    dataset = Dataset(name="a test", pending=pending)
    assert made == []
    dataset.complete(hide_progress)
    assert made == ["music"]
    Dataset(name="complete").complete(hide_progress)

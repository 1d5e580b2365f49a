"""Results with their evidence, in files."""

from written_runs import alter, write_run

__all__ = ["alter", "write_run"]

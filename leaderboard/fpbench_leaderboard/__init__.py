"""Markdown tables from result files."""

from fpbench_leaderboard.tables import leaderboard

__all__ = ["leaderboard"]

"""Markdown tables from results. Knows JSON, not models."""

from fpbench_leaderboard.tables import leaderboard

__all__ = ["leaderboard"]

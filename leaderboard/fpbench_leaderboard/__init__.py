"""Ranks results, and shows the rankings as Markdown, CSV and JSON."""

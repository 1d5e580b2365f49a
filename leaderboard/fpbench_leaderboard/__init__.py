"""Markdown tables from results."""

"""Divide a run between processes that share nothing but files."""

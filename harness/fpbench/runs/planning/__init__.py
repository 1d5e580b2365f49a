"""Estimate the time, memory and disk space that a run needs, before it starts."""

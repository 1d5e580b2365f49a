"""Evaluate as the authors of the systems did."""

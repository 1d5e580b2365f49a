"""Measure what a run costs, stage by stage, and on the workers that help it."""

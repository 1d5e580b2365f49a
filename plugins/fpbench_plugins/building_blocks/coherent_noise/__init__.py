"""Tracks from any generator that decodes noise: noise that is alike from one row to the next."""

"""Loads generators and measures how similar their draws are to real fingerprints."""

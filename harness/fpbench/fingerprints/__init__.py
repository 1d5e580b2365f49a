"""Runs a fingerprinter over recordings and stores its fingerprints."""

"""Weights that are trained here or imported from their authors."""

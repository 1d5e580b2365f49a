"""Finds the candidates of blocks that the cache lacks: here, or in files of other processes."""

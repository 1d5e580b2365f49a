"""Faster inference: rows in parallel, fused operations, CUDA graphs."""

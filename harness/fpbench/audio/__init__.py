"""Recordings in, clean or degraded samples out."""

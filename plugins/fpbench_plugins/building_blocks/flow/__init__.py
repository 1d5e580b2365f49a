"""Rectified flows from noise to fingerprints: network, training, and draws."""

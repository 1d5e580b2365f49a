"""A rectified flow from noise to fingerprints: its network, its training, and draws from it."""

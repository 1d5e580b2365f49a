"""Load generators of synthetic fingerprints, and judge how like the real ones their draws are."""

"""Drive a fingerprinter over recordings, and keep what it makes."""

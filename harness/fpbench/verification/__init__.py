"""Check that a result keeps the format, and that its numbers follow from its evidence."""

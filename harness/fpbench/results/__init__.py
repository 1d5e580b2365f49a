"""The JSON document of a run: its fields, its files, its names; computes nothing."""

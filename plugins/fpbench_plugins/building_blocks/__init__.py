"""What several neural plugins are built from. Not a plugin: it offers no entries."""

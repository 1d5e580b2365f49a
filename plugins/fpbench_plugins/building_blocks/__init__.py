"""What several plugins are built from. Not a plugin: it offers no entries."""

"""The plugins that come with fpbench. They are found through entry points, like all plugins."""

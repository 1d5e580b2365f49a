"""The plugins that come with fpbench, found through entry points as a stranger's are."""

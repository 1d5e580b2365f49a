"""Search many settings of an index, but none that cannot be better than a searched one."""

"""Pure arithmetic on what a search left behind: hit rates and their intervals."""

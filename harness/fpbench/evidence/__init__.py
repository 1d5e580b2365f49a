"""Hit rates and their confidence intervals, computed from what a search kept."""

"""Compare, tabulate, draw and export finished results."""

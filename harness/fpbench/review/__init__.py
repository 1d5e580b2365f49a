"""What is done with finished results: check, compare, draw."""

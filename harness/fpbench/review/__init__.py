"""What is done with finished results: compare, draw."""

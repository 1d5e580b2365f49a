"""What plugins promise, and how they are found, called and blamed."""

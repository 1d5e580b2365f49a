"""From segments of audio to vectors: mel spectrograms, encoders, and their weights."""

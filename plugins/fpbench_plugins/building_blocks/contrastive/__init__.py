"""Contrastive training: recipes, batches, degradation, losses and optimisers."""

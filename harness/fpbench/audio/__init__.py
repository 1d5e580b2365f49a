"""Reads recordings and makes clean or degraded samples from them."""

"""Interfaces of plugins, and how plugins are found, called and checked."""

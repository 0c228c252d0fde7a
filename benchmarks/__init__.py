"""Measurements of speed and of statistics, each one command."""

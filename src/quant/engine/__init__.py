"""Drivers: what turns a strategy, data and settings into a run."""

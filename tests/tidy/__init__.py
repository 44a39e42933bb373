"""Tests of how the project is written."""

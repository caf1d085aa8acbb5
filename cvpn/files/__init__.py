"""Reads files into values that know their lines and columns."""

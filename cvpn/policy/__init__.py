"""A policy, wherever it comes from, and its test cases."""

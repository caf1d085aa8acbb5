"""Asks the evaluator about a request, and explains the decision."""

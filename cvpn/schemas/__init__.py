"""JSON Schemas of the policy, of the decision log, and of what ``-o json`` prints."""

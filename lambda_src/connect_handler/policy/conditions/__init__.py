"""The conditions of a policy, one file for each family. ``registry`` lists the keys."""

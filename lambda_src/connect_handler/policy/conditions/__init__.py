"""The conditions of a policy, a file for each family. ``registry`` lists the keys."""

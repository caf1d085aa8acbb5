"""A replay of the decision log: what another policy would have decided.

``chunks`` reads logs, ``comparison`` compares a decision with the other policy's, ``tally`` counts, ``workers`` does so
on all cores, and ``page`` draws.
"""

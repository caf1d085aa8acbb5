"""The decision: a pure function of the policy, the request, the clock and the evidence."""

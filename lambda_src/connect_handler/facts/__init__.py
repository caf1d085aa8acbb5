"""The facts of a decision besides the policy: the request, the clock and evidence, in the form for comparison."""

"""What a decision looks at besides the policy: the request, the clock and evidence, in the form that is compared."""

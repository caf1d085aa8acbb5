"""Re-authorization: decides anew on active connections, and ends those that would be denied now.

A second function of the same bundle. On a schedule, and after each change of the policy, it decides on every active
connection: with the request that the connection was allowed with, the policy that its endpoint's alias serves now,
today's evidence and the clock.

The unknown changes nothing here. A connection is ended because of what is known, such as a record that says
``quarantined`` or that is too old. A table that does not answer, or a policy that cannot be read, is a problem of ours:
it is counted, and the next run tries again.
"""

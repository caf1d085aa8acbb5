"""Re-authorization: decides anew on active connections, and ends those that the policy would deny now.

It is a second function of the same bundle. It runs on a schedule, and after each change of the policy. It decides on
every active connection with the recorded request, the policy that the endpoint's alias serves now, today's evidence and
the clock.

The unknown changes nothing here. Only known facts end a connection, such as a record that says ``quarantined`` or that
is too old. A table that does not answer, or a policy that cannot be read, is a problem of ours: the run counts it, and
the next run tries again.
"""

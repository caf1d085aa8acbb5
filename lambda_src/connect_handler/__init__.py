"""The client connect handler: decides whether AWS Client VPN allows a connection.

Data flows one way. A package may import those before it, and no other::

    contract, settings  ->  facts  ->  policy  ->  decision  ->  evidence  ->  decision_log  ->  entry points
    event, environment      request,   document    rules to      calls of      one line of       handler,
    and response            evidence   to rules    outcome       AWS           JSON              deploy_gate, ...

``handler`` reads the event, gathers evidence, evaluates the policy, reserves the connection, responds and logs.
"""

"""The client connect handler: decides whether AWS Client VPN lets a connection in.

What ships in the bundle. Standard library and tzdata only, and of the standard library at start only what
Lambda's runtime client has loaded already: every connection waits for this code's cold start.

Data flows one way: ``handler`` takes the event, ``request`` reads it, ``evaluation`` decides with the ``policy``
(whose rules are made of ``conditions`` and found through ``index``), ``response`` answers, ``decision_log`` tells.
"""

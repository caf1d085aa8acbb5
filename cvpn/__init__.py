"""``cvpn``: what a policy of the AWS Client VPN connect handler does, before it does it.

It decides with ``connect_handler``, the code that runs in the function. ``verbs`` has a module for each command. They
rest on packages by noun, which import one another in one direction; ``tests/unit/cvpn/test_layout.py`` has the order.
"""

"""``cvpn``: what a policy of the AWS Client VPN connect handler does, before it does it.

It decides with ``connect_handler``, the code that runs in the function. Modules depend on one another in this order:
``cli`` on ``verbs``, those on everything else here, ``sources`` on nothing but ``connect_handler``, ``located`` and
``failures``.
"""

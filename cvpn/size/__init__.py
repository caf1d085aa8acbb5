"""How much room a policy takes, and how much concurrency the function needs."""

"""From a request that changes something to a command, and from its outcome to an answer."""

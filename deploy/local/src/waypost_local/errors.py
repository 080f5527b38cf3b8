class LocalError(Exception):
    """Something the person at the keyboard can put right: one line that says what is wrong and what to do."""

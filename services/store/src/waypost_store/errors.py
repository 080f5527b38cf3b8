"""Errors that end a command or the service with one clear line."""


class StoreError(Exception):
    """The text says what is wrong and what to do. Never holds a secret."""

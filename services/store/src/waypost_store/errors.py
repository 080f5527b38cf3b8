"""Errors that end a command or the service with one clear line."""

from waypost_common.errors import CannotRunError


class StoreError(CannotRunError):
    """The text says what is wrong and what to do. Never holds a secret."""

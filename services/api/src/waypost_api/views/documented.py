"""The text below a field of a TypedDict goes into the OpenAPI document, as it does for models."""

from typing import Final

from pydantic import ConfigDict, with_config

documented: Final = with_config(ConfigDict(use_attribute_docstrings=True))
"""Decorates the class. Fields that it inherits keep no text, unless it is that of a `Field`."""

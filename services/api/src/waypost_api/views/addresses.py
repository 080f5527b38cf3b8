"""What a JID looks like, for the OpenAPI document. `waypost_common.jids` is what reads them."""

from typing import Any, Final

from pydantic import Field

_USER: Final = r"[A-Za-z0-9._+\-]{1,90}(:[0-9]{1,5})?"
PERSON_PATTERN: Final = rf"{_USER}@(s\.whatsapp\.net|lid)"
GROUP_PATTERN: Final = rf"{_USER}@g\.us"
JID_PATTERN: Final = rf"{_USER}@(s\.whatsapp\.net|lid|g\.us|newsletter|broadcast)"
MAX_LENGTH: Final = 128


def schema_of(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{pattern}$", "maxLength": MAX_LENGTH}


def _described(pattern: str) -> Any:
    """Tells the form without checking it."""
    return Field(json_schema_extra=schema_of(pattern))


JID: Final = _described(JID_PATTERN)
PERSON: Final = _described(PERSON_PATTERN)
PERSON_OR_EMPTY: Final = _described(rf"({PERSON_PATTERN})?")

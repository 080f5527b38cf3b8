"""Writes docs/settings.md from the settings classes: `python docs/generate_settings.py > docs/settings.md`."""

import sys
from collections.abc import Iterator
from typing import Any, Final, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, MaxLen, MinLen
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from waypost_api.settings import ApiSettings
from waypost_common.settings import ServiceSettings, SettingsBlock
from waypost_connector.settings import ConnectorSettings
from waypost_connector.simulated.settings import NetworkSettings, SimulatedBackendSettings
from waypost_ingest.settings import IngestSettings
from waypost_store.settings import StoreSettings

CLASSES: Final[dict[str, type[BaseModel]]] = {
    "`waypost-api`": ApiSettings,
    "`waypost-ingest`": IngestSettings,
    "`waypost-store` and `waypost`": StoreSettings,
    "`waypost-connector`": ConnectorSettings,
    "`waypost-simulated-network`": NetworkSettings,
}
BACKENDS: Final[dict[str, type[BaseModel]]] = {"the backend `simulated`": SimulatedBackendSettings}
"""Read by a connector that serves it."""
PREFIX: Final = str(ServiceSettings.model_config.get("env_prefix", ""))

INTRODUCTION: Final = f"""# Settings

Generated from the settings classes by `make generate`; do not edit.

Every setting is an environment variable, `{PREFIX}<BLOCK>_<FIELD>`, read once when a process starts. A value that does not
fit, or an unknown field of a block that the process reads, ends it at once with exit code 2 and one line for each, which names
the variable and what is expected, and shows no value. Variables of other blocks are ignored.
`waypost-local env` prints the settings of a system that `make up` started.
"""


def blocks() -> dict[type[SettingsBlock], tuple[str, list[str]]]:
    """Each block with its name in the environment and the commands that read it, in the order of first use."""
    found: dict[type[SettingsBlock], tuple[str, list[str]]] = {}
    for command, settings in (CLASSES | BACKENDS).items():
        for name, field in settings.model_fields.items():
            block = field.annotation
            if isinstance(block, type) and issubclass(block, SettingsBlock):
                found.setdefault(block, (name, []))[1].append(command)
    return found


def default_text(field: FieldInfo) -> str:
    value = field.default.get_secret_value() if isinstance(field.default, SecretStr) else field.default
    if value is None:
        return "unset"
    return "empty" if value == "" else f"`{value}`"


def accepted(annotation: Any, metadata: list[Any]) -> Iterator[str]:
    """What values the field takes, in words."""
    if get_origin(annotation) is Literal:
        yield ", ".join(f"`{choice}`" for choice in get_args(annotation))
        return
    choices = [choice for choice in get_args(annotation) if choice is not type(None)]
    kind = choices[0] if choices else annotation
    limits = list(bounds(metadata))
    if SecretStr in (kind, annotation):
        yield "text, secret"
    elif limits:
        yield ", ".join([{str: "text", int: "integer", float: "number"}[kind], *limits])
    else:
        yield {str: "text", int: "integer", float: "number", bool: "`true` or `false`"}[kind]


def bounds(metadata: list[Any]) -> Iterator[str]:
    least = next((bound.ge for bound in metadata if isinstance(bound, Ge)), None)
    most = next((bound.le for bound in metadata if isinstance(bound, Le)), None)
    if least is not None and most is not None:
        yield f"{least:,} to {most:,}"
    for bound in metadata:
        match bound:
            case Ge() if most is None:
                yield f"at least {least:,}"
            case Le() if least is None:
                yield f"at most {most:,}"
            case Gt(gt=above):
                yield f"above {above:,}"
            case MinLen(min_length=shortest):
                yield "not empty" if shortest == 1 else f"at least {shortest} characters"
            case MaxLen(max_length=longest):
                yield f"at most {longest} characters"
            case _ if (pattern := getattr(bound, "pattern", None)) is not None:
                yield f"as `{pattern}`"
            case _:
                pass


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def table(block: type[SettingsBlock], name: str) -> Iterator[str]:
    yield "| variable | default | accepted | meaning |"
    yield "|---|---|---|---|"
    for field_name, field in block.model_fields.items():
        variable = f"{PREFIX}{name}_{field_name}".upper()
        values = cell(", ".join(accepted(field.annotation, field.metadata)))
        yield f"| `{variable}` | {cell(default_text(field))} | {values} | {cell(field.description or '')} |"


def document() -> str:
    lines = [INTRODUCTION]
    for block, (name, commands) in blocks().items():
        everywhere = len(commands) == len(CLASSES)
        lines += [f"## {name}", "", f"Read by {'every service' if everywhere else ', '.join(commands)}.", ""]
        lines += [*table(block, name), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(document())

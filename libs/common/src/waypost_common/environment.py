"""Settings from the environment, or the end of the program in lines that name the variable which is wrong."""

import difflib
import os
import sys
from collections.abc import Iterator
from typing import Any, Final, NoReturn, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsError

S = TypeVar("S", bound=BaseSettings)

WRONG_SETTINGS: Final = 2
"""The exit code, which is that of wrong options too."""


def load_settings(kind: type[S], program: str) -> S:
    """Ends the process with one line on standard error for each setting that is wrong.

    No line shows a value: it may be a secret, perhaps one that was put under the wrong name.
    """
    try:
        return kind()
    except ValidationError as error:
        _end(program, problems(kind, error))
    except SettingsError:
        _end(program, _unreadable_blocks(kind))


def _end(program: str, lines: Iterator[str]) -> NoReturn:
    sys.stderr.write("".join(f"{program}: {line}\n" for line in lines))
    sys.exit(WRONG_SETTINGS)


def problems(kind: type[BaseSettings], error: ValidationError) -> Iterator[str]:
    """One line each: the environment variable, what is wrong with it, and what is expected."""
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        path = [str(part) for part in problem["loc"][:2]]
        fields = _fields(kind, path[0]) if path else {}
        message = problem["msg"].removeprefix("Value error, ").removeprefix("Input ")
        match path:
            case [block, name] if name not in fields:
                yield f"{_variable(block, name)} is no setting: {_meant(block, name, fields)}"
            case [block, name]:
                yield f"{_variable(block, name)} {message}{_default(fields[name])}"
            case _:
                # Of several fields of a block; the text names them.
                yield message if message.startswith(_PREFIX) else f"{_variable(*path)} {message}"


def _unreadable_blocks(kind: type[BaseSettings]) -> Iterator[str]:
    given = {name.upper() for name in os.environ}
    for block in kind.model_fields:
        if _variable(block) in given:
            example = next(iter(_fields(kind, block)))
            yield f"{_variable(block)} is no setting by itself: set its fields, such as {_variable(block, example)}"


def _meant(block: str, name: str, fields: dict[str, FieldInfo]) -> str:
    near = difflib.get_close_matches(name, fields, n=1, cutoff=0.5)
    return f"did you mean {_variable(block, near[0])}?" if near else "unset it, or see docs/settings.md"


def _default(field: FieldInfo) -> str:
    default = field.default
    return "" if default is None or isinstance(default, SecretStr) else f" (default: {default})"


def _fields(kind: type[BaseSettings], block: str) -> dict[str, FieldInfo]:
    annotation: Any = kind.model_fields[block].annotation if block in kind.model_fields else None
    is_block = isinstance(annotation, type) and issubclass(annotation, BaseModel)
    return dict(annotation.model_fields) if is_block else {}


_PREFIX: Final = "WAYPOST_"


def _variable(*path: str) -> str:
    return _PREFIX + "_".join(path).upper()

"""The README's tour, as its text says it: shell blocks, the answers that it prints, and how an answer may differ."""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.processes import wait_until

ROOT = Path(__file__).parents[1]
LEFT_OUT = "…"
PATIENCE_S = 15.0
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STRING_OR_MARK = re.compile(r'"(?:[^"\\]|\\.)*"|[][{}]|…')
CHANGES_SOMETHING = re.compile(r"-X |make |keys (create|revoke)|replay")


@dataclass(frozen=True)
class Step:
    command: str
    answer: str | None
    is_json: bool

    @property
    def may_be_repeated(self) -> bool:
        """What arrives by itself, and what a cache still holds, is looked at again."""
        return CHANGES_SOMETHING.search(self.command) is None


def steps(text: str) -> list[Step]:
    """The shell blocks after the heading of the tour, each with the block of its answer, if it has one."""
    blocks: list[tuple[str, str]] = FENCE.findall(text.partition("## A tour")[2])
    found = []
    for (language, command), (following, answer) in zip(blocks, [*blocks[1:], ("sh", "")], strict=True):
        if language == "sh":
            found.append(Step(command, None if following == "sh" else answer, is_json=following == "jsonc"))
    return found


def parse_shortened(text: str) -> Any:
    """JSON in which a bare `…` stands for further fields or elements."""
    open_brackets: list[str] = []

    def keep_marks(match: "re.Match[str]") -> str:
        token = match.group()
        if token in {"{", "["}:
            open_brackets.append(token)
        elif token in {"}", "]"}:
            open_brackets.pop()
        elif token == LEFT_OUT:
            return f'"{LEFT_OUT}": 0' if open_brackets[-1] == "{" else f'"{LEFT_OUT}"'
        return token

    return json.loads(STRING_OR_MARK.sub(keep_marks, text))


def difference(printed: Any, actual: Any, at: str = "answer") -> str | None:
    """Where the shape of an answer is not the printed one: other fields, another type, another number of elements."""
    if type(printed) is not type(actual):
        return f"{at} is {json.dumps(actual)}, not like {json.dumps(printed)}"
    if isinstance(printed, dict):
        wanted = printed.keys() - {LEFT_OUT}
        if not wanted <= actual.keys() or (LEFT_OUT not in printed and wanted != actual.keys()):
            return f"{at} has the fields {sorted(actual)}, not {sorted(printed)}"
        children = [(printed[name], actual[name], f"{at}.{name}") for name in sorted(wanted)]
    elif isinstance(printed, list):
        wanted_elements = [element for element in printed if element != LEFT_OUT]
        if len(actual) < len(wanted_elements) or (LEFT_OUT not in printed and len(actual) != len(wanted_elements)):
            return f"{at} has {len(actual)} elements, not {len(wanted_elements)}"
        rest = [wanted_elements[-1]] * (len(actual) - len(wanted_elements)) if wanted_elements else []
        both = zip([*wanted_elements, *rest], actual, strict=True)
        children = [(one, other, f"{at}[{index}]") for index, (one, other) in enumerate(both)]
    else:
        return None
    return next((found for child in children if (found := difference(*child)) is not None), None)


def unlike_json(answer: str, output: str) -> str | None:
    first, _, body = answer.partition("\n")
    *lines, status = output.rstrip("\n").split("\n")
    if f"// {status}" != first:
        return f"HTTP status {status}, not {first.removeprefix('// ')}: {lines[-1:]}"
    if not body.strip():
        return None if lines in ([], [""]) else f"a body, where none is printed: {lines}"
    return difference(parse_shortened(body), json.loads(next(line for line in reversed(lines) if line)))


def unlike_text(answer: str, output: str) -> str | None:
    for line in answer.splitlines():
        pattern = re.sub(r"key_\w+", r"key_\\w+", re.escape(line).replace("…", ".*"))
        pattern = re.sub(r"(?:\\ )+", r"\\s+", re.sub(r"(?:\\-)?(?<!\w)\d+", r"-?\\d+", pattern))
        if re.search(pattern, output) is None:
            return f"no line like {line!r} in: {output}"
    return None


class Shell:
    """One bash from the first command of a tour to the last, in `folder`. Its curl tells the status after the body.

    What `make` does is for the caller to say, as a function in `preparation`.
    """

    CURL = """curl() { command curl -w '\\n%{http_code}\\n' "$@"; }"""
    END = "--- end of the command:"

    def __init__(self, folder: Path, preparation: str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("WAYPOST_")}
        self._errors = (folder / "errors").open("w+")
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self.run(f"{self.CURL}\n{preparation}")

    def run(self, command: str) -> str:
        """What it printed. Fails the test when its last command failed."""
        bash = self._bash
        assert bash.stdin is not None
        assert bash.stdout is not None
        bash.stdin.write(f'{command}\nprintf "\\n{self.END} $?\\n"\n')
        bash.stdin.flush()
        lines: list[str] = []
        for line in bash.stdout:
            if line.startswith(self.END):
                code = line.removeprefix(self.END).strip()
                assert code == "0", f"exit code {code} of:\n{command}{self.errors()}"
                return "".join(lines).removesuffix("\n")
            lines.append(line)
        pytest.fail(f"bash ended in:\n{command}{self.errors()}")

    def errors(self) -> str:
        self._errors.seek(0)
        return self._errors.read()[-2_000:]

    def close(self) -> None:
        self._bash.communicate("exit\n", timeout=10)
        self._errors.close()


def take_the_tour(shell: Shell, patience_s: float = PATIENCE_S) -> None:
    """Every command in its order. Fails at the first answer that differs from the printed one, after so long if it may change."""
    tour = steps((ROOT / "README.md").read_text())
    assert len(tour) > 25
    for step in tour:
        follow(shell, step, patience_s)


def follow(shell: Shell, step: Step, patience_s: float) -> None:
    """Fails when the answer differs from the printed one: at last, where it may be asked again."""
    differences: list[str | None] = []

    def is_alike() -> bool:
        differences.append(difference_from_printed(step, shell.run(step.command)))
        return differences[-1] is None

    if step.may_be_repeated:
        wait_until(is_alike, lambda: f"{step.command}\n{differences[-1]}", seconds=patience_s, every=0.2)
    else:
        assert is_alike(), f"{step.command}\n{differences[-1]}"


def difference_from_printed(step: Step, output: str) -> str | None:
    if step.answer is None:
        return None
    return (unlike_json if step.is_json else unlike_text)(step.answer, output)

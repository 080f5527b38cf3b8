"""A chart rendered by Helm itself, without a cluster."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from tests.helm.downloads import KUBERNETES, helm_library

HOOK = "helm.sh/hook"
HIDDEN_HOOK = "hidden/hook"
SECONDS = 60

Manifest = dict[str, Any]


class ChartError(Exception):
    """What Helm says of values that it does not take."""


@dataclass(frozen=True)
class Chart:
    """`folder` is written to: give it a copy."""

    folder: Path

    def manifests(self, values: Mapping[str, Any]) -> list[Manifest]:
        """Hooks included, which Helm's library leaves out: their annotation reads `hidden/hook`. Raises ChartError."""
        for template in (self.folder / "templates").glob("*.yaml"):
            template.write_text(template.read_text().replace(f"{HOOK}:", f"{HIDDEN_HOOK}:"))
        return [one for one in yaml.safe_load_all(self._ask("template", values)) if one is not None]

    def notes(self, values: Mapping[str, Any]) -> str:
        return self._ask("install", values).partition("\nNOTES:\n")[2]

    def lint(self) -> str:
        return self._ask("lint", {})

    def _ask(self, what: str, values: Mapping[str, Any]) -> str:
        file = self.folder.parent / "values.json"
        file.write_text(json.dumps(values))
        request = {"do": what, "chart": str(self.folder), "values": str(file), "kubernetes": KUBERNETES[-1]}
        done = subprocess.run(
            [sys.executable, "-m", "tests.helm.library", str(helm_library())],
            cwd=Path(__file__).parents[2],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        if answer["error"]:
            raise ChartError(answer["error"])
        return str(answer["output"])

"""docker-compose.yml brought up for real, as a project of its own beside whatever else runs on the machine."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.processes import wait_until

ROOT = Path(__file__).parents[2]
UP_SECONDS = 600
"""From all images being there to all containers being healthy."""
COMMAND_SECONDS = 300
KILL_ALL = "kill -9 -1"
"""Ends all that the container's user has started there, but neither the shell that says so nor the container's first process,
which then ends by itself. What `docker kill` ends, Docker does not start again."""


def why_not() -> str | None:
    """None when there is a Docker daemon with Compose, else what is missing."""
    for command in (["docker", "compose", "version"], ["docker", "info"]):
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        except FileNotFoundError:
            return "there is no docker on this machine"
        if done.returncode != 0:
            return f"`{' '.join(command)}` fails: {done.stderr.strip()[-300:]}"
    return None


@dataclass(frozen=True)
class Container:
    id: str
    name: str
    service: str
    details: Mapping[str, Any]
    """What `docker inspect` says."""

    @property
    def restarts(self) -> int:
        return int(self.details["RestartCount"])

    @property
    def is_healthy(self) -> bool:
        return bool(self.details["State"].get("Health", {}).get("Status") == "healthy")

    def shell(self, command: str) -> "subprocess.CompletedProcess[str]":
        return run("docker", "exec", self.id, "sh", "-c", command)

    def python(self, program: str) -> str:
        done = run("docker", "exec", self.id, "python", "-c", program)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def metrics(self) -> str:
        return self.python("from urllib.request import urlopen; print(urlopen('http://127.0.0.1:9100/metrics').read().decode())")


def run(*command: str, environment: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_SECONDS,
    )


class Composition:
    def __init__(self, project: str, ports: Mapping[str, int]) -> None:
        self.project = project
        self.api = f"http://127.0.0.1:{ports['WAYPOST_API_PORT']}"
        self.kafka = f"localhost:{ports['WAYPOST_KAFKA_PORT']}"
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("WAYPOST_", "COMPOSE_"))}
        self._environment = ours | {name: str(port) for name, port in ports.items()}

    @property
    def command(self) -> list[str]:
        """What is put before a command of Compose. The caller's .env is not read."""
        files = ["--file", str(ROOT / "docker-compose.yml"), "--env-file", os.devnull]
        return ["docker", "compose", "--project-name", self.project, *files]

    @property
    def environment(self) -> Mapping[str, str]:
        return self._environment

    def compose(self, *arguments: str) -> str:
        """Standard output. Fails the test, with what was said, when the command fails."""
        done = run(*self.command, *arguments, environment=self._environment)
        assert done.returncode == 0, f"{arguments}: {done.stdout[-2_000:]}{done.stderr[-4_000:]}"
        return done.stdout

    def build(self) -> None:
        """Shows what it does: the first time takes minutes."""
        subprocess.run([*self.command, "build"], env=dict(self._environment), check=True)

    def up(self, *options: str) -> None:
        """Blocks until every container is healthy."""
        self.compose("up", "--detach", *options)
        self.until_healthy()

    def down(self, *options: str) -> None:
        self.compose("down", *options)

    def waypost(self, *arguments: str) -> str:
        return self.compose("exec", "-T", "store", "waypost", *arguments)

    def containers(self, *services: str) -> list[Container]:
        """All that run, or are about to again: what has ended for good, as migrations do, is not among them."""
        ids = self.compose("ps", "--quiet", *services).split()
        if not ids:
            return []
        return [
            Container(found["Id"], found["Name"], found["Config"]["Labels"]["com.docker.compose.service"], found)
            for found in json.loads(run("docker", "inspect", *ids).stdout)
        ]

    def until_healthy(self) -> None:
        def sick() -> list[str]:
            return [f"{one.name}: {one.details['State']}" for one in self.containers() if not one.is_healthy]

        wait_until(lambda: not sick(), lambda: "\n".join([*sick(), self.logs()]), seconds=UP_SECONDS, every=1)

    def kill(self, container: Container) -> None:
        """The program in it dies; blocks until the container was started again and is healthy."""
        container.shell(KILL_ALL)

        def is_back() -> bool:
            now = next((one for one in self.containers(container.service) if one.id == container.id), None)
            return now is not None and now.restarts > container.restarts and now.is_healthy

        wait_until(is_back, lambda: f"{container.name} is not back\n{self.logs()}", seconds=UP_SECONDS, every=0.5)

    def logs(self) -> str:
        return run(*self.command, "logs", "--no-color", "--tail", "20", environment=self._environment).stdout

    def left_behind(self) -> list[str]:
        """Containers, volumes and networks of this project."""
        label = f"label=com.docker.compose.project={self.project}"
        lists = (["ps", "--all"], ["volume", "ls"], ["network", "ls"])
        return [line for one in lists for line in run("docker", *one, "--quiet", "--filter", label).stdout.split()]

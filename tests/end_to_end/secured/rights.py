"""The rights of docs/kafka.md, given as they stand there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest

PAGE: Final = Path(__file__).parents[3] / "docs/kafka.md"
# Codes of Kafka's protocol.
RESOURCES: Final = {"--topic": 2, "--group": 3}
PATTERNS: Final = {"literal": 3, "prefixed": 4}
OPERATIONS: Final = {"Read": 3, "Write": 4, "Create": 5, "Alter": 7, "Describe": 8, "DescribeConfigs": 10, "AlterConfigs": 11}
ALLOW: Final = 3


def documented(of: str) -> Iterator[tuple[int, str, int, str, int]]:
    """Resource, its name, pattern, principal and operation of each right whose principal begins so."""
    text = PAGE.read_text().replace("\\\n", " ")
    for line in re.findall(r"^acls (.*)$", text, re.MULTILINE):
        words = shlex.split(line, comments=True)
        options = list(zip(words[::2], words[1::2], strict=True))
        told = dict(options)
        if not told["--allow-principal"].startswith(f"User:{of}"):
            continue
        pattern = PATTERNS[told.get("--resource-pattern-type", "literal")]
        for option, name in options:
            if option in RESOURCES:
                for operation in (OPERATIONS[value] for key, value in options if key == "--operation"):
                    yield RESOURCES[option], name, pattern, told["--allow-principal"], operation


async def give(admin: AIOKafkaAdminClient, of: str) -> None:
    for resource, name, pattern, principal, operation in documented(of):
        answer: Any = await admin._send_to_controller(
            CreateAclsRequest(resource, name, pattern, principal, "*", operation, ALLOW)
        )
        assert [code for code, _ in answer.creation_responses] == [0], (principal, name, answer)

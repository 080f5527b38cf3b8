"""The AsyncAPI document of a service: what it tells of itself, as text that is the same every time."""

from importlib.metadata import version
from typing import Any, Final

import yaml
from faststream.kafka import KafkaBroker
from faststream.specification import AsyncAPI
from faststream.specification.base import SpecificationFactory

COMMON_DESCRIPTION: Final = """
Topics are made by `waypost migrate`; their names may have a prefix (`WAYPOST_KAFKA_TOPIC_PREFIX`).
What concerns one chat has the record key `<session>|<chatJid>`, what concerns a session `<session>`: it lies in one partition and
has one order. Delivery is at least once: take a record whose id you know for a repeat. Times are Unix epoch milliseconds, UTC.
The value alone is the message. Headers repeat what saves looking into it: `event` and `schema` on an event, and on one that a
command caused `command`, `command-deadline` and, on the last of them, `command-last`; `traceparent`, `request-id` are passed on.
Contracts grow by optional fields: ignore what you do not know. What can never be applied goes to a dead-letter queue with the
headers `dlq-reason`, `dlq-detail`, `dlq-origin-topic`, `dlq-origin-partition`, `dlq-origin-offset`, `dlq-origin-timestamp`.
The other documents: docs/events.md says what each event does, services/api/openapi.yaml how to read the documents over HTTP.
"""


def describe_service(broker: KafkaBroker, *, package: str, title: str, description: str) -> AsyncAPI:
    """The document of the service that a package is, with the package's version."""
    return AsyncAPI(
        broker,
        title=title,
        version=version(package),
        description=f"{description}\n{COMMON_DESCRIPTION}",
        license={"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
    )


def asyncapi_yaml(description: SpecificationFactory) -> str:
    document: dict[str, Any] = description.to_specification().to_jsonable()
    # FastStream keeps subscribers and publishers in sets, whose order is not that of the code.
    for part in ("channels", "operations"):
        document[part] = dict(sorted(document[part].items()))
    document["components"] = {kind: dict(sorted(parts.items())) for kind, parts in sorted(document["components"].items())}
    return yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as such."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _text)

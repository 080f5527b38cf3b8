"""The AsyncAPI document of a service as text that is the same every time."""

from typing import Any

import yaml
from faststream.specification.base import SpecificationFactory


def asyncapi_yaml(description: SpecificationFactory) -> str:
    document: dict[str, Any] = description.to_specification().to_jsonable()
    # FastStream keeps subscribers and publishers in sets, whose order is not that of the code.
    for part in ("channels", "operations"):
        document[part] = dict(sorted(document[part].items()))
    document["components"] = {kind: dict(sorted(parts.items())) for kind, parts in sorted(document["components"].items())}
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)

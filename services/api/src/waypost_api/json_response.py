from collections.abc import Mapping

import orjson
from starlette.responses import Response


class JsonResponse(Response):
    media_type = "application/json"

    def __init__(self, content: object, *, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        private = {"Cache-Control": "no-store", **(headers or {})}
        super().__init__(orjson.dumps(content), status_code=status, headers=private)

"""The state of the gateway itself, for operators."""

from typing import Final

from starlette.responses import Response

from waypost_api.call import Call
from waypost_api.json_response import JsonResponse
from waypost_api.operation import OPERATOR, Operation, Tag
from waypost_api.views.pipeline import Pipeline


async def get_pipeline(call: Call) -> Response:
    return JsonResponse(await call.state["pipeline_report"].current())


OPERATIONS: Final = (
    Operation(
        id="getPipeline", method="GET", path="/pipeline", title="Get throughput, lag and dead letters", tag=Tag.OPERATIONS,
        capabilities=OPERATOR, handler=get_pipeline, answer=Pipeline, errors=(), waits=True,
        description="Of all organizations together, without a name of any. At most 2 s old, dead letters 10 s.",
    ),
)  # fmt: skip

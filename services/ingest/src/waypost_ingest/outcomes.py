"""Tells what became of a command, once its effect can be read (rule R6)."""

import time
from collections.abc import Iterable
from typing import Final

import orjson
from aiokafka import AIOKafkaProducer

from waypost_common.errors import ErrorCode
from waypost_common.identifiers import EpochMs
from waypost_common.outcomes import Outcome, OutcomeStatus, encode_outcome
from waypost_common.publishing import Message, publish
from waypost_projection.applied import CommandOutcome

FORGOTTEN_AFTER_MS: Final = 7 * 86_400_000
"""Operations are kept this long: nobody waits for the outcome of an older command (a replay, a long outage)."""


def is_awaited(outcome: CommandOutcome, now: EpochMs) -> bool:
    deadline = outcome.command.deadline
    return deadline is None or now <= deadline + FORGOTTEN_AFTER_MS


def outcome_of(outcome: CommandOutcome, *, generation: int, now: EpochMs) -> Outcome:
    rejected = outcome.status is OutcomeStatus.REJECTED
    return Outcome(
        command=outcome.command.id,
        status=outcome.status,
        at=now,
        code=ErrorCode.NOT_FOUND.value if rejected else None,
        message="chat not found" if rejected else None,
        result=_result(outcome.command.result),
        generation=generation,
        partition=outcome.logged.partition,
        offset=outcome.logged.offset,
    )


def _result(header: str | None) -> dict[str, object] | None:
    """The executor's result; a header that is no JSON object counts as none."""
    try:
        result = orjson.loads(header) if header is not None else None
    except orjson.JSONDecodeError:
        return None
    return result if isinstance(result, dict) else None


async def publish_outcomes(
    producer: AIOKafkaProducer, topic: str, outcomes: Iterable[CommandOutcome], *, generation: int
) -> list[CommandOutcome]:
    """Returns those that were published, once Kafka has them; raises what `publish` raises. May repeat."""
    now = EpochMs(time.time_ns() // 1_000_000)
    awaited = [outcome for outcome in outcomes if is_awaited(outcome, now)]
    messages = [
        Message(
            topic=topic,
            key=outcome.command.id.encode(),
            value=encode_outcome(outcome_of(outcome, generation=generation, now=now)),
            headers=[("schema", b"v1"), *outcome.command.trail.headers()],
        )
        for outcome in awaited
    ]
    await publish(producer, messages)
    return awaited

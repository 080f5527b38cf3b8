"""Archives a chat in Waypost's stored copy: publishes a command to Kafka and waits for its outcome.

    python examples/archive_chat.py 01HK153X00SQSEYJ83A1FM752A 6281234567890@s.whatsapp.net --organization org_demo
    python examples/archive_chat.py SESSION CHAT --organization ORGANIZATION --undo

Exit codes: 0 succeeded, 1 Kafka cannot be used, 2 wrong arguments, 3 another outcome (rejected, expired, failed...),
4 no outcome in time: the command may still be carried out. Then run it again with the same --id: it is done once.
"""

import argparse
import asyncio
import os
import sys
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from pydantic import ValidationError

from waypost_common.commands import (
    STORE_COMMAND_ADAPTER,
    StoreCommand,
    encode_command,
    key_of_command,
)
from waypost_common.identifiers import new_command_id
from waypost_common.outcomes import OUTCOME_ADAPTER, Outcome, OutcomeStatus

GRACE_S = 5.0
"""A command that the store started just before its deadline still takes its way through the log."""


def build(options: argparse.Namespace) -> StoreCommand:
    """Raises ValidationError when an argument cannot be part of a command."""
    now = time.time_ns() // 1_000_000
    return STORE_COMMAND_ADAPTER.validate_python(
        {
            "schema": "v1",
            # Made by the sender, so that it can wait for the outcome before it sends, and send again without harm.
            "id": options.id or new_command_id(),
            "command": "chat.update",
            "session": options.session,
            "organization": options.organization,
            "actor": {"kind": "program", "id": "examples/archive_chat.py"},
            "issuedAt": now,
            # Past it nobody starts the command: it ends as `expired`. Both clocks count, so keep yours right.
            "deadline": now + int(options.seconds * 1_000),
            "payload": {"chatJid": options.chat, "archived": not options.undo},
        }
    )


async def execute(command: StoreCommand, *, servers: str, prefix: str, seconds: float) -> Outcome | None:
    """The command's outcome, or None when none came in time. Raises KafkaError."""
    commands, outcomes = f"{prefix}wa.commands.store", f"{prefix}wa.outcomes"
    # Without a group: whoever waits reads all partitions by itself, from now on, and leaves nothing behind on the broker.
    consumer = AIOKafkaConsumer(bootstrap_servers=servers, group_id=None, enable_auto_commit=False)
    # Idempotent and acks=all: once it is acknowledged it is kept, and a retry inside the client is no second record.
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True)
    try:
        await consumer.start()
        if missing := {commands, outcomes} - await consumer.topics():
            names = " and ".join(sorted(missing))
            raise SystemExit(f"there is no {names} that this program may use: run `waypost migrate`, or see docs/kafka.md")
        await producer.start()
        partitions = [TopicPartition(outcomes, number) for number in await producer.partitions_for(outcomes)]
        consumer.assign(partitions)
        # The ends must be known before the command is out: its outcome may be there a few milliseconds later.
        for partition, end in (await consumer.end_offsets(partitions)).items():
            consumer.seek(partition, end)
        key = key_of_command(command).encode()
        await producer.send_and_wait(commands, encode_command(command), key=key)
        return await wait_for(consumer, command.id, seconds)
    finally:
        await producer.stop()
        await consumer.stop()


async def wait_for(consumer: AIOKafkaConsumer, command_id: str, seconds: float) -> Outcome | None:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        polled = await consumer.getmany(timeout_ms=int(min(left, 1.0) * 1_000))
        for records in polled.values():
            for record in records:
                # Everybody's outcomes pass here; the key says whose each is.
                if record.key == command_id.encode():
                    return OUTCOME_ADAPTER.validate_json(record.value or b"")
    return None


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("session", help="the session's id")
    parser.add_argument("chat", help="the chat's JID")
    parser.add_argument("--organization", required=True, help="the organization that the session belongs to")
    parser.add_argument("--undo", action="store_true", help="take the chat out of the archive")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long the command may start (default: %(default)s)")
    parser.add_argument("--id", help="repeat the command of this id (cmd_...) instead of making a new one")
    servers = os.environ.get("WAYPOST_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    parser.add_argument("--servers", default=servers, metavar="HOST:PORT", help="Kafka's address (default: %(default)s)")
    prefix = os.environ.get("WAYPOST_KAFKA_TOPIC_PREFIX", "")
    parser.add_argument("--prefix", default=prefix, help="what the system puts before topic names (default: nothing)")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    try:
        command = build(options)
    except ValidationError as error:
        for problem in error.errors(include_input=False, include_url=False):
            print(f"{'.'.join(map(str, problem['loc'][1:]))}: {problem['msg']}", file=sys.stderr)
        return 2
    # Printed first: it is what to repeat, or to ask for (GET /api/v1/operations/<id>), should this program end in between.
    print(command.id, flush=True)
    work = execute(command, servers=options.servers, prefix=options.prefix, seconds=options.seconds + GRACE_S)
    try:
        outcome = asyncio.run(work)
    except KafkaError as error:
        print(
            f"Kafka at {options.servers} cannot be used ({type(error).__name__}): is it running, is --servers right, "
            f"and may this program write (docs/kafka.md)? If the command was on its way, repeat it with --id {command.id}",
            file=sys.stderr,
        )
        return 1
    if outcome is None:
        print(f"no outcome in time: do the store and ingest run? To try again: --id {command.id}", file=sys.stderr)
        return 4
    print(": ".join(part for part in (outcome.status.value, outcome.code, outcome.message) if part))
    return 0 if outcome.status is OutcomeStatus.SUCCEEDED else 3


if __name__ == "__main__":
    sys.exit(main())

"""Keeps the number of unread messages of every chat in SQLite: a read model of its own, fed by the topic `wa.events`.

    python examples/read_model.py unread.db            # follow the topic until Ctrl-C
    python examples/read_model.py unread.db --show     # print what it knows

Each event counts exactly once, although Kafka delivers at least once: what an event changes and how far the topic has been
read are written in one SQLite transaction. Kill it whenever you like, start it again, start two on one database.
"""

import argparse
import asyncio
import os
import sqlite3
import sys
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError
from aiokafka.structs import ConsumerRecord
from pydantic import ValidationError

from waypost_common.event_payloads import ChatChange
from waypost_common.events import (
    EVENT_ADAPTER,
    ChatUpdateEvent,
    Event,
    GroupUpdateEvent,
    MessageEvent,
    SessionStatusEvent,
    effective_time,
    key_of,
)

Record = ConsumerRecord[bytes, bytes]

RECORDS_A_TRANSACTION = 500
SCHEMA = """
CREATE TABLE IF NOT EXISTS positions (topic TEXT, partition INTEGER, next INTEGER NOT NULL, PRIMARY KEY (topic, partition));
CREATE TABLE IF NOT EXISTS commands (id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS removed_sessions (session TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS chats (
    session TEXT, jid TEXT, visible INTEGER NOT NULL DEFAULT 0, deleted_at INTEGER NOT NULL DEFAULT -1,
    read_up_to INTEGER NOT NULL DEFAULT -1, trimmed_before INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (session, jid));
CREATE TABLE IF NOT EXISTS messages (
    session TEXT, jid TEXT, id TEXT, at INTEGER NOT NULL, unread INTEGER NOT NULL, PRIMARY KEY (session, jid, id));
CREATE VIEW IF NOT EXISTS unread AS
    SELECT session, jid, sum(unread) AS count FROM messages
    WHERE session NOT IN (SELECT session FROM removed_sessions) GROUP BY session, jid HAVING sum(unread) > 0;
"""


class ReadModel:
    """The SQLite side. Its methods block for milliseconds, or as long as another process holds the database's lock."""

    def __init__(self, path: Path) -> None:
        # Transactions begin and end where the code says; the connection is used by one thread at a time.
        self._database = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.executescript(SCHEMA)

    def next_offset(self, partition: TopicPartition) -> int | None:
        """The offset of the first record that has not been applied; None when nothing was read of this partition yet."""
        found = self._database.execute("SELECT next FROM positions WHERE (topic, partition) = (?, ?)", partition).fetchone()
        return None if found is None else int(found[0])

    def apply(self, partition: TopicPartition, records: list[Record]) -> None:
        """Applies records of one partition and moves its position, all or nothing."""
        with self._database:
            self._database.execute("BEGIN IMMEDIATE")
            # Asked for inside the transaction: after a rebalance a slow process may bring what another has applied by now.
            start = self.next_offset(partition) or 0
            for record in records:
                if record.offset >= start:
                    self._apply(record)
            reached = max(start, records[-1].offset + 1)
            self._database.execute("INSERT OR REPLACE INTO positions VALUES (?, ?, ?)", (*partition, reached))

    def show(self) -> list[tuple[str, str, int]]:
        return self._database.execute("SELECT session, jid, count FROM unread ORDER BY count DESC, session, jid").fetchall()

    def _apply(self, record: Record) -> None:
        event = decode(record)
        # A command's event may stand in the log twice, as two records: the position does not tell, the command's id does.
        command = dict(record.headers).get("command")
        if command is not None:
            new = self._database.execute("INSERT OR IGNORE INTO commands VALUES (?)", (command.decode("utf-8", "replace"),))
            if not new.rowcount:
                return
        match event:
            case MessageEvent():
                self._message(event)
            case ChatUpdateEvent():
                self._chat_update(event)
            case GroupUpdateEvent():
                self._set_chat(event.session, event.payload.group_jid, visible=1)
            case SessionStatusEvent() if event.payload.removed:
                # Another partition than the session's chats, so before or after any of their events: it must not matter.
                self._database.execute("INSERT OR IGNORE INTO removed_sessions VALUES (?)", (event.session,))
            case _:
                pass  # This model needs no more. New types will come: never fail on one.

    def _message(self, event: MessageEvent) -> None:
        message = event.payload
        _, deleted_at, read_up_to, trimmed_before = self._chat(event.session, message.chat_jid)
        at = effective_time(message.timestamp, event.timestamp)
        if message.history and at <= deleted_at:
            return
        incoming = event.event == "message" and not message.from_me
        unread = incoming and not message.history and at > read_up_to and at >= trimmed_before
        row = (event.session, message.chat_jid, message.wa_message_id, at, unread)
        # The network may deliver a message again under the same id: the first one counts.
        self._database.execute("INSERT OR IGNORE INTO messages VALUES (?, ?, ?, ?, ?)", row)
        self._set_chat(event.session, message.chat_jid, visible=1)

    def _chat_update(self, event: ChatUpdateEvent) -> None:
        change, chat = event.payload, (event.session, event.payload.chat_jid)
        visible, _, read_up_to, trimmed_before = self._chat(*chat)
        if not visible and change.requires == "stored":
            return
        if change.change is ChatChange.DELETED:
            self._database.execute("DELETE FROM messages WHERE (session, jid) = (?, ?)", chat)
            self._set_chat(*chat, visible=0, deleted_at=event.timestamp, read_up_to=-1, trimmed_before=0)
        elif change.change in (ChatChange.ARCHIVED, ChatChange.PINNED, ChatChange.MUTED, ChatChange.FLAGS):
            self._set_chat(*chat, visible=1)
        elif visible and change.change is ChatChange.TRIMMED and change.before is not None:
            self._set_chat(*chat, trimmed_before=max(trimmed_before, change.before))
            self._mark_read(*chat, before=change.before)
        elif visible and change.change is ChatChange.READ and change.read_up_to is not None:
            self._set_chat(*chat, read_up_to=max(read_up_to, change.read_up_to))
            self._mark_read(*chat, before=change.read_up_to + 1)
        elif visible and change.change is ChatChange.READ:
            self._mark_read(*chat, before=2**62)

    def _chat(self, session: str, jid: str) -> tuple[int, int, int, int]:
        query = "SELECT visible, deleted_at, read_up_to, trimmed_before FROM chats WHERE (session, jid) = (?, ?)"
        return self._database.execute(query, (session, jid)).fetchone() or (0, -1, -1, 0)

    def _set_chat(self, session: str, jid: str, **columns: int) -> None:
        self._database.execute("INSERT OR IGNORE INTO chats (session, jid) VALUES (?, ?)", (session, jid))
        assignments = ", ".join(f"{name} = ?" for name in columns)
        query = f"UPDATE chats SET {assignments} WHERE (session, jid) = (?, ?)"  # noqa: S608  (names of this file only)
        self._database.execute(query, (*columns.values(), session, jid))

    def _mark_read(self, session: str, jid: str, *, before: int) -> None:
        query = "UPDATE messages SET unread = 0 WHERE (session, jid) = (?, ?) AND unread AND at < ?"
        self._database.execute(query, (session, jid, before))


def decode(record: Record) -> Event | None:
    """The event, or None for what this program does not know and for what Waypost itself sets aside as a dead letter."""
    try:
        event = EVENT_ADAPTER.validate_json(record.value or b"")
    except ValidationError:
        return None
    return event if record.key == key_of(event).encode() else None


async def follow(model: ReadModel, *, servers: str, topic: str, group: str) -> None:
    """Until cancelled. Several processes with the same group and the same database share the partitions."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=servers,
        group_id=group,
        # Positions live in the model's database alone: nothing is ever committed to Kafka, whose copy could only be wrong.
        enable_auto_commit=False,
        # With "earliest" or "latest" a log that was cut would be read on in silence, with events missing.
        auto_offset_reset="none",
    )
    try:
        await consumer.start()
        if topic not in await consumer.topics():
            raise SystemExit(f"there is no topic {topic} that this program may read: run `waypost migrate`, or see docs/kafka.md")
        consumer.subscribe([topic])
        while True:
            try:
                polled = await consumer.getmany(timeout_ms=1_000, max_records=RECORDS_A_TRANSACTION)
            except NoOffsetForPartitionError:
                # This is how partitions show up after each rebalance: Kafka does not know where to start, the model does.
                await seek(consumer, model)
                continue
            for partition, records in polled.items():
                # In a thread: the consumer's heartbeats go on while SQLite writes.
                await asyncio.to_thread(model.apply, partition, records)
    finally:
        await consumer.stop()


async def seek(consumer: AIOKafkaConsumer, model: ReadModel) -> None:
    """Sets every assigned partition to where the model ends, or to the log's start."""
    starts = await consumer.beginning_offsets(list(consumer.assignment()))
    for partition, start in starts.items():
        if partition in consumer.assignment():
            reached = model.next_offset(partition)
            consumer.seek(partition, start if reached is None else reached)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("database", type=Path, help="the SQLite file; made when it is missing")
    parser.add_argument("--show", action="store_true", help="print the unread chats and end; needs no Kafka")
    servers = os.environ.get("WAYPOST_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    parser.add_argument("--servers", default=servers, metavar="HOST:PORT", help="Kafka's address (default: %(default)s)")
    prefix = os.environ.get("WAYPOST_KAFKA_TOPIC_PREFIX", "")
    parser.add_argument("--prefix", default=prefix, help="what the system puts before topic names (default: nothing)")
    parser.add_argument("--group", default="example.unread", help="the consumer group (default: %(default)s)")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if options.show and not options.database.exists():
        raise SystemExit(f"there is no {options.database} yet: run this without --show first")
    try:
        model = ReadModel(options.database)
        if options.show:
            for session, jid, count in model.show():
                print(f"{count:6}  {session}  {jid}")
            return 0
        asyncio.run(follow(model, servers=options.servers, topic=f"{options.prefix}wa.events", group=options.group))
    except KeyboardInterrupt:
        return 0
    except sqlite3.Error as error:
        problem = f"{options.database} cannot be used: {error}"
    except OffsetOutOfRangeError as error:
        where = ", ".join(f"partition {partition.partition} from offset {offset}" for partition, offset in error.args[0].items())
        problem = f"the topic no longer holds {where}: it was cut or made again; remove {options.database} to start over"
    except KafkaError as error:
        problem = (
            f"Kafka at {options.servers} cannot be used ({type(error).__name__}): "
            "is it running, is --servers right, and may this program read (docs/kafka.md)?"
        )
    print(problem, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())

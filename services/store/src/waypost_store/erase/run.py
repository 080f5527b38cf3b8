"""`waypost erase`: finds the person, sends each of their chats an event, and looks through the topics."""

from dataclasses import dataclass, field
from typing import Final

from aiokafka import TopicPartition

from waypost_common.clock import now_ms
from waypost_common.event_payloads import ChatChange
from waypost_common.identifiers import EpochMs, Jid
from waypost_common.kafka import create_admin, create_producer, started
from waypost_common.mongo import open_client, open_database
from waypost_common.report.partitions import open_reader, partition_counts
from waypost_common.topics import COMMANDS_DLQ, COMMANDS_STORE, EVENTS, EVENTS_DLQ, live_commands, topic_name
from waypost_store.chat_updates import chat_update, message_of
from waypost_store.erase.person import Person, PersonFinder
from waypost_store.erase.traces import Trace, Traces
from waypost_store.errors import StoreError
from waypost_store.generations import require_live_generation
from waypost_store.progress import Progress
from waypost_store.publishing import publish_or_end
from waypost_store.scope import Scope, sessions_of
from waypost_store.settings import StoreSettings
from waypost_store.setup.topics import retention_ms
from waypost_store.verify.log_reader import LogReader
from waypost_store.waiting import Report

AT_ONCE: Final = 500


@dataclass(kw_only=True)
class Found:
    """The person in each session that was looked at."""

    people: list[Person] = field(default_factory=list)

    @property
    def sessions(self) -> int:
        """In which there are chats of theirs."""
        return sum(bool(person.chats) for person in self.people)

    @property
    def addresses(self) -> set[Jid]:
        return {jid for person in self.people for jid in person.addresses}

    @property
    def chats(self) -> int:
        return sum(len(person.chats) for person in self.people)

    @property
    def messages(self) -> int:
        return sum(person.messages for person in self.people)


@dataclass(kw_only=True)
class Remaining:
    traces: list[Trace]
    retention_ms: dict[str, int]
    """Of each topic with traces; -1: for ever."""


async def find_person(settings: StoreSettings, scope: Scope, jid: Jid, report: Report) -> Found:
    """Raises StoreError, PyMongoError."""
    async with open_client(settings.mongo, application="waypost-erase") as client:
        database = open_database(client, settings.mongo)
        generation = await require_live_generation(database)
        finder = PersonFinder(database, generation)
        sessions = (await sessions_of(database, generation, scope)).there
        found = Found()
        looking = Progress(report, "sessions looked at")
        looking.total = len(sessions)
        for session, organization in sessions.items():
            found.people.append(await finder.find(session, organization, jid))
            looking.advance(1)
        return found


async def erase(settings: StoreSettings, found: Found) -> EpochMs:
    """Sends the events. Returns up to when what the person wrote is erased. Raises StoreError, KafkaError."""
    now = now_ms()
    topic = topic_name(settings.kafka, EVENTS)
    messages = [
        message_of(topic, chat_update(person.session, person.organization, chat, ChatChange.ERASED, now, jid=address, before=now))
        for person in found.people
        for chat in sorted(person.chats)
        for address in sorted(person.addresses)
    ]
    producer = create_producer(settings.kafka, client_id="waypost-erase")
    async with started(producer):
        for start in range(0, len(messages), AT_ONCE):
            await publish_or_end(producer, messages[start : start + AT_ONCE])
    return now


async def look_through_topics(settings: StoreSettings, scope: Scope, found: Found, jid: Jid, report: Report) -> Remaining:
    """What all topics hold of the person that hold more than outcomes. Reads them whole. Raises StoreError, KafkaError."""
    kafka = settings.kafka
    all_there_is = scope.session is None and scope.organization is None
    sessions = None if all_there_is else {str(person.session) for person in found.people}
    traces = Traces(found.addresses | {jid}, sessions)
    commands = (COMMANDS_STORE, *(live_commands(backend) for backend in kafka.backend_names))
    names = [topic_name(kafka, topic) for topic in (EVENTS, EVENTS_DLQ, *commands, COMMANDS_DLQ)]
    admin = create_admin(kafka, client_id="waypost-erase")
    try:
        await admin.start()
        counts = await partition_counts(admin, names)
        if missing := set(names) - counts.keys():
            raise StoreError(f"there is no topic {min(missing)}: run `waypost migrate` first")
        looking = Progress(report, "records looked at")
        async with open_reader(kafka) as consumer:
            for name in names:
                partitions = [TopicPartition(name, number) for number in range(counts[name])]
                log = LogReader(consumer, partitions, max_records=settings.batch.max_records)
                starts, ends = await log.start(), await log.ends()
                looking.total += sum(ends.values()) - sum(starts.values())
                async for records in log.read(ends):
                    for record in records:
                        traces.look(record)
                    looking.advance(len(records))
        topics = {trace.topic for trace in traces.found}
        kept = {topic: await retention_ms(admin, topic) for topic in sorted(topics)}
    finally:
        await admin.close()
    return Remaining(traces=traces.found, retention_ms=kept)

"""A session as the network's server sees it: its stream, how much waits, and who is logged in."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ParamSpec, TypeVar

from waypost_common.errors import CannotRunError
from waypost_connector.simulated.protocol import WINDOW, Frames
from waypost_connector.simulated.record import DEFAULT_RETENTION, Record, Retention, line_of
from waypost_connector.simulated.session_world import SessionWorld
from waypost_connector.simulated.storage import Storage, Stream

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(eq=False)
class Login:
    """One logged-in connection."""

    connection: int
    frames: Frames
    fence: int | None = None
    client: str | None = None
    sent: int = 0
    """Sequence number up to which events were sent here."""
    in_flight: deque[tuple[int, str]] = field(default_factory=deque)
    """Sequence and id of what was sent here and not acknowledged."""
    replaced: bool = False
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def room(self) -> int:
        return WINDOW - len(self.in_flight)

    @property
    def facts(self) -> dict[str, object]:
        """Whose connection it is, for the record."""
        return {"connection": self.connection, "client": self.client, "fence": self.fence}


@dataclass(eq=False)
class Mailbox:
    number: int
    world: SessionWorld
    stream: Stream
    """How far the stream was made; events beyond `committed` are on their way to the disk."""
    depth: int
    """Events that wait to be acknowledged."""
    committed: int
    """Sequence number up to which events can be read from the disk."""
    delivered: int = 0
    """Sequence number up to which events were delivered since the network started, acknowledged or not."""
    linked: bool = True
    """Whether a device of the session is linked: else nobody may log in, and nothing is made for it."""
    login: Login | None = None

    def wake(self) -> None:
        if self.login:
            self.login.wake.set()


class Disk:
    """Everything that touches the disk, in one thread and in the order asked for."""

    def __init__(self, storage: Storage, record: Record, thread: ThreadPoolExecutor) -> None:
        self.storage = storage
        self.record = record
        self._thread = thread

    async def do(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: function(*arguments, **named))

    async def write(self, what: str, **facts: object) -> None:
        """Adds a line to the record."""
        await self.do(self.record.write, what, **facts)

    def acknowledge(self, mailbox: Mailbox, login: Login, gone: list[tuple[int, str]]) -> int:
        """Forgets the events and records it. A kill in between is made good at the next start: the record misses nothing."""
        line = line_of(
            "acknowledged",
            **login.facts,
            session=mailbox.world.cast.session,
            sequences=[sequence for sequence, _ in gone],
            ids=[event for _, event in gone],
        )
        deleted = self.storage.acknowledge(mailbox.number, gone[-1][0], line)
        self.record.append(line)
        self.storage.recorded()
        return deleted

    def complete_record(self) -> None:
        """Adds the line that a killed process owed to its record."""
        line = self.storage.unrecorded()
        if line is not None and not self.record.ends_with(line):
            self.record.append(line)
        self.storage.recorded()


@contextmanager
def open_disk(folder: Path, retention: Retention = DEFAULT_RETENTION) -> Iterator[Disk]:
    """The network's folder, made if missing. Raises CannotRunError when it cannot be used."""
    with ExitStack() as stack:
        thread = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="disk"))
        try:
            storage = stack.enter_context(Storage(folder))
            record = stack.enter_context(Record(folder, retention))
            disk = Disk(storage, record, thread)
            disk.complete_record()
        except (OSError, sqlite3.Error) as error:
            raise CannotRunError(f"the folder {folder} of --data cannot be used: {error}") from error
        yield disk

"""The simulated network as a whole: a world, its disk, its socket, its probes."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import structlog

from waypost_common.identifiers import OrganizationId
from waypost_common.listening import listening_at
from waypost_common.probes import serve_probes
from waypost_connector.settings import NetworkAddress, NetworkSettings
from waypost_connector.simulated.calls import Calls
from waypost_connector.simulated.calls_faults import Faults
from waypost_connector.simulated.calls_storage import CallStorage
from waypost_connector.simulated.deliveries import Deliveries
from waypost_connector.simulated.folder import kept_secret
from waypost_connector.simulated.generator import Generator, Pace
from waypost_connector.simulated.mailboxes import Disk, Mailbox, open_disk
from waypost_connector.simulated.metrics import NetworkMetrics
from waypost_connector.simulated.protocol import STRANGER_FRAME_BYTES
from waypost_connector.simulated.record import Retention
from waypost_connector.simulated.server import Server
from waypost_connector.simulated.session_world import SessionWorld
from waypost_connector.simulated.storage import Stream
from waypost_connector.simulated.world import casts

log = structlog.stdlib.get_logger(__name__)

BACKLOG = 1_024
"""All sessions of a connector connect at once when it starts."""


@dataclass(frozen=True)
class WorldOptions:
    """What the world is made of. A folder keeps these for ever: another world needs another folder."""

    seed: int
    sessions: int
    chats: int
    history: int
    organization: OrganizationId
    languages: tuple[str, ...]

    def lasting(self) -> dict[str, str]:
        """All but the number of sessions, which may change."""
        return {
            "seed": str(self.seed),
            "chats": str(self.chats),
            "history": str(self.history),
            "organization": self.organization,
            "languages": ",".join(self.languages),
        }


async def run_network(
    settings: NetworkSettings, folder: Path, options: WorldOptions, pace: Pace, *, retention: Retention, once: bool
) -> None:
    """Runs until SIGTERM or SIGINT, or with `once` until every wanted event is made and acknowledged.

    Raises CannotRunError when a port is taken or the folder holds another world or cannot be used.
    """
    stop, metrics = asyncio.Event(), NetworkMetrics()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    address = settings.network
    async with AsyncExitStack() as stack:
        disk = stack.enter_context(open_disk(folder, retention))
        await disk.do(disk.storage.keep_world, options.lasting())
        mailboxes = await _mailboxes(disk, options)
        metrics.queued.set_function(lambda: sum(mailbox.depth for mailbox in mailboxes))
        calls, faults = await _calls(stack, folder, disk, options)
        server = Server(mailboxes, disk, metrics, calls, faults, secret=_secret(address, folder))
        with listening_at("WAYPOST_NETWORK_PORT"):
            listener = await asyncio.start_server(
                server.handle, address.host, address.port, limit=STRANGER_FRAME_BYTES, backlog=BACKLOG
            )
        stack.callback(listener.close)
        with listening_at("WAYPOST_METRICS_PORT"):
            probes_port = await stack.enter_async_context(serve_probes(settings.metrics, metrics.registry, _ready))
        port = listener.sockets[0].getsockname()[1]
        await disk.write("started", seed=options.seed, sessions=options.sessions)
        log.info("network_started", host=address.host, port=port, probes_port=probes_port, sessions=options.sessions)
        async with asyncio.TaskGroup() as tasks:
            generator = Generator(mailboxes, disk, pace, metrics, unfollowed=calls.unfollowed)
            generating = tasks.create_task(generator.run(), name="generate")
            following_up = tasks.create_task(calls.run(), name="follow up calls")
            ending = tasks.create_task(_finished(generating, mailboxes, server.deliveries, stop), name="once") if once else None
            await stop.wait()
            generating.cancel()
            following_up.cancel()
            if ending:
                ending.cancel()
        listener.close()
        await server.close()
    log.info("network_stopped")


async def _mailboxes(disk: Disk, options: WorldOptions) -> Sequence[Mailbox]:
    streams, depths = await disk.do(disk.storage.streams), await disk.do(disk.storage.depths)
    everybody = casts(
        seed=options.seed,
        sessions=options.sessions,
        chats=options.chats,
        organization=options.organization,
        languages=options.languages,
    )
    return [
        Mailbox(
            number=number,
            world=SessionWorld(cast, history=options.history),
            stream=streams.get(number, Stream()),
            depth=depths.get(number, 0),
            committed=streams.get(number, Stream()).sequence,
        )
        for number, cast in enumerate(everybody)
    ]


async def _calls(stack: AsyncExitStack, folder: Path, disk: Disk, options: WorldOptions) -> tuple[Calls, Faults]:
    faults = Faults()
    storage = stack.enter_context(await disk.do(CallStorage, folder))
    left = await disk.do(storage.unfollowed)
    return Calls(storage, disk, faults, history=options.history, unfollowed=left), faults


def _secret(address: NetworkAddress, folder: Path) -> str:
    return kept_secret(folder) if address.secret is None else address.secret.get_secret_value()


async def _ready() -> str | None:
    return None


async def _finished(
    generating: asyncio.Task[None], mailboxes: Sequence[Mailbox], deliveries: Deliveries, stop: asyncio.Event
) -> None:
    await asyncio.wait([generating])
    while any(mailbox.depth for mailbox in mailboxes):
        deliveries.acknowledged.clear()
        await deliveries.acknowledged.wait()
    stop.set()

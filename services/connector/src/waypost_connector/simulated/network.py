"""The simulated network as a whole: a world, its disk, its socket, its probes."""

import asyncio
import signal
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import structlog

from waypost_common.identifiers import OrganizationId, SessionId
from waypost_common.listening import listening_at
from waypost_common.probes import serve_probes
from waypost_connector.simulated.accounts import Accounts
from waypost_connector.simulated.arrivals import Arrivals
from waypost_connector.simulated.calls import Calls
from waypost_connector.simulated.calls_storage import CallStorage
from waypost_connector.simulated.cast import Cast
from waypost_connector.simulated.connection_faults import ConnectionFaults
from waypost_connector.simulated.deliveries import Deliveries
from waypost_connector.simulated.faults import Faults
from waypost_connector.simulated.folder import kept_secret
from waypost_connector.simulated.generator import Generator, Pace
from waypost_connector.simulated.happenings import Happenings
from waypost_connector.simulated.mailboxes import Disk, Mailbox, open_disk
from waypost_connector.simulated.metrics import NetworkMetrics
from waypost_connector.simulated.protocol import STRANGER_FRAME_BYTES
from waypost_connector.simulated.record import Retention
from waypost_connector.simulated.server import Asked, Server
from waypost_connector.simulated.session_world import SessionWorld
from waypost_connector.simulated.settings import NetworkAddress, NetworkSettings
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
    scan_seconds: float = 10.0
    """After how long whoever is shown a pairing code accepts it; 0: never."""

    def account(self, number: int, session: SessionId, organization: OrganizationId) -> Cast:
        """An account that a session was paired with."""
        return Cast(self.seed, number, self.chats, organization, self.languages, paired=session)

    def mailbox(self, cast: Cast, stream: Stream, depth: int) -> Mailbox:
        world = SessionWorld(cast, history=self.history)
        return Mailbox(number=cast.index, world=world, stream=stream, depth=depth, committed=stream.sequence)

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
    settings: NetworkSettings,
    folder: Path,
    options: WorldOptions,
    pace: Pace,
    *,
    faults: Faults,
    retention: Retention,
    once: bool,
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
        storage = stack.enter_context(await disk.do(CallStorage, folder))
        mailboxes = await _mailboxes(disk, storage, options)
        metrics.queued.set_function(lambda: sum(mailbox.depth for mailbox in mailboxes))
        by_session: dict[str, Mailbox] = {mailbox.world.cast.session: mailbox for mailbox in mailboxes}
        arrivals = Arrivals(disk)
        unfollowed = await disk.do(storage.unfollowed)
        calls = Calls(storage, disk, faults, arrivals, history=options.history, unfollowed=unfollowed)
        generator = Generator(mailboxes, disk, pace, metrics, unfollowed=calls.unfollowed)

        def open_account(number: int, session: SessionId, organization: OrganizationId) -> Mailbox:
            mailbox = options.mailbox(options.account(number, session, organization), Stream(), 0)
            mailboxes.append(mailbox)
            by_session[session] = mailbox
            generator.admit(mailbox)
            return mailbox

        secret = _secret(address, folder)
        accounts = Accounts(storage, disk, open_account, secret=secret, scan_seconds=options.scan_seconds)
        connection_faults = ConnectionFaults(faults, by_session, storage, disk)
        deliveries = Deliveries(disk, metrics, faults, arrivals)
        asked = Asked(calls, accounts, connection_faults, Happenings(arrivals, accounts), deliveries)
        server = Server(by_session, disk, metrics, asked, secret=secret)
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
            generating = tasks.create_task(generator.run(), name="generate")
            following_up = tasks.create_task(arrivals.run(), name="bring what comes later")
            ending = tasks.create_task(_finished(generating, mailboxes, deliveries, stop), name="once") if once else None
            await stop.wait()
            generating.cancel()
            following_up.cancel()
            if ending:
                ending.cancel()
        listener.close()
        await server.close()
    log.info("network_stopped")


async def _mailboxes(disk: Disk, storage: CallStorage, options: WorldOptions) -> list[Mailbox]:
    """Those that the world begins with, then those that were paired since."""
    streams, depths = await disk.do(disk.storage.streams), await disk.do(disk.storage.depths)
    unlinked = await disk.do(storage.unlinked)
    everybody = casts(
        seed=options.seed,
        sessions=options.sessions,
        chats=options.chats,
        organization=options.organization,
        languages=options.languages,
    )
    everybody += [options.account(*account) for account in await disk.do(storage.paired)]
    mailboxes = [options.mailbox(cast, streams.get(cast.index, Stream()), depths.get(cast.index, 0)) for cast in everybody]
    for mailbox in mailboxes:
        mailbox.linked = mailbox.world.cast.session not in unlinked
    return mailboxes


def _secret(address: NetworkAddress, folder: Path) -> str:
    return kept_secret(folder) if address.secret is None else address.secret.get_secret_value()


async def _ready() -> str | None:
    return None


async def _finished(
    generating: asyncio.Task[None], mailboxes: Sequence[Mailbox], deliveries: Deliveries, stop: asyncio.Event
) -> None:
    await asyncio.wait([generating])
    while any(mailbox.depth for mailbox in mailboxes if mailbox.linked):
        deliveries.acknowledged.clear()
        await deliveries.acknowledged.wait()
    stop.set()

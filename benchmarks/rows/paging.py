"""The first page and the thousandth of listChats and listChatMessages, in sessions of three sizes."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from benchmarks.http_load import Client, chats_of
from benchmarks.measurement import Measurement, ratio_up_to
from benchmarks.row import Row
from benchmarks.samples import median
from benchmarks.seeding import add_session
from benchmarks.system import new_system
from benchmarks.workbench import Workbench

WANTED = 1.3
PAGE = 50
FAR = 1_000
"""The page that is far: the last one of a list that has fewer."""


def measure_pages(bench: Workbench, *, driver: str | None = None, sizes: Sequence[int]) -> Mapping[str, list[float]]:
    """Milliseconds of each request by what was asked for, in turn, so that what the machine does otherwise meets all."""
    with new_system(bench.servers, driver=driver) as system:
        lists: dict[str, str] = {}
        for size in sizes:
            bench.tell(f"paging: making {size:,} chats and {size:,} messages")
            session, chat = add_session(system, bench.seed, chats=size, messages=size)
            lists[f"listChats, {size:,}"] = f"{chats_of(session)}?limit={PAGE}"
            lists[f"listChatMessages, {size:,}"] = f"{chats_of(session, chat)}/messages?limit={PAGE}"
        key = system.api_key(bench.seed.organization)
        with system.running("waypost-api"):
            client = Client(system.http_port, key)
            targets: dict[str, str] = {}
            for name, target in lists.items():
                number, far = _far_page(client, target)
                targets |= {f"{name}, page 1": target, f"{name}, page {number:,}": far}
            took: dict[str, list[float]] = {name: [] for name in targets}
            for _ in range(bench.scale.page_requests):
                for name, target in targets.items():
                    took[name].append(client.ask("GET", target)[0])
            client.close()
    return took


def _far_page(client: Client, target: str) -> tuple[int, str]:
    """Walks there as a caller does: only our own cursors lead on."""
    cursor, number = "", 1
    while number < FAR:
        _, answer = client.ask("GET", target + cursor)
        if not answer["nextCursor"]:
            break
        cursor, number = f"&cursor={answer['nextCursor']}", number + 1
    return number, target + cursor


def _measure(bench: Workbench) -> list[Measurement]:
    took = measure_pages(bench, sizes=bench.scale.page_sizes)
    measured = []
    for operation in ("listChats", "listChatMessages"):
        names = [name for name in took if name.startswith(f"{operation},")]
        smallest = names[0]
        measured += [
            Measurement(
                row=ROW.name,
                what=name,
                unit="ms",
                ours=_medians(took[name], bench.scale.rounds),
                reference=_medians(took[smallest], bench.scale.rounds),
                reference_name=f"{smallest}",
                wanted=ratio_up_to(WANTED),
            )
            for name in names[1:]
        ]
    return measured


def _medians(took: Sequence[float], rounds: int) -> list[float]:
    """The median of each of so many equal parts, in the order of time."""
    ends = [len(took) * part // rounds for part in range(rounds + 1)]
    return [median(took[start:end]) for start, end in pairwise(ends)]


ROW = Row("paging", "first page and page 1,000 of lists of three sizes", _measure)

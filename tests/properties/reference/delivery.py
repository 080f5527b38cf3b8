"""The ways in which one history may reach a reader: interleaved, delivered again, in batches."""

from hypothesis import strategies as st

from .records import Record

History = list[Record]


def permuted_where_order_is_free(history: History, data: st.DataObject) -> History:
    """Any interleaving of the partitions; each keeps its own order."""
    waiting = {record.partition: [r for r in history if r.partition == record.partition] for record in history}
    permuted: History = []
    while waiting:
        partition = data.draw(st.sampled_from(sorted(waiting)))
        permuted.append(waiting[partition].pop(0))
        if not waiting[partition]:
            del waiting[partition]
    return permuted


def duplicated(history: History) -> History:
    """Redelivery, the plain way: each record twice in a row, then the whole log again. Offsets stay what they were."""
    return [record for record in history for _ in range(2)] + history


def rewound(history: History, data: st.DataObject) -> History:
    """Redelivery as after a crash: at up to three points, and at the end, each partition goes back to any offset."""
    delivered: History = []
    reached = 0
    stops = data.draw(st.lists(st.integers(0, len(history)), max_size=3))
    for stop in [*sorted(stops), len(history)]:
        delivered += history[reached:stop]
        reached = stop
        delivered += _from_earlier_offsets(history[:stop], data)
    return delivered


def _from_earlier_offsets(seen: History, data: st.DataObject) -> History:
    again: History = []
    for partition in sorted({record.partition for record in seen}):
        mine = [record for record in seen if record.partition == partition]
        again += mine[data.draw(st.integers(0, len(mine))) :]
    return again


def rearranged(history: History, data: st.DataObject) -> History:
    """The same events as another log may hold them: each key keeps its order, all else is free - which key lies in which
    of how many partitions, how keys interleave, and so every offset.
    """
    waiting: dict[str, History] = {}
    for record in history:
        waiting.setdefault(record.key, []).append(record)
    partitions = {key: data.draw(st.integers(0, 2)) for key in sorted(waiting)}
    log: History = []
    while waiting:
        key = data.draw(st.sampled_from(sorted(waiting)))
        log.append(waiting[key].pop(0)._replace(partition=partitions[key], offset=len(log)))
        if not waiting[key]:
            del waiting[key]
    return log


def cut_into_batches(history: History, data: st.DataObject) -> list[History]:
    """The same records in the same order, as polls of one to ten records."""
    batches: list[History] = []
    rest = history
    while rest:
        size = data.draw(st.integers(1, 10))
        batches.append(rest[:size])
        rest = rest[size:]
    return batches


def cut_at_every_point(history: History) -> list[list[History]]:
    """One batch, two batches cut at each point, and batches of one."""
    halves = [[history[:cut], history[cut:]] for cut in range(1, len(history))]
    return [[history], *halves, [[record] for record in history]]


def returned_from_every_point(history: History) -> list[list[History]]:
    """Two batches of which the second begins at or before the end of the first, for every such pair of points."""
    ends = range(1, len(history) + 1)
    return [[history[:end], history[start:]] for end in ends for start in range(end) if history[start:]]

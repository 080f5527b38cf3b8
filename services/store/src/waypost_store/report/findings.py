"""What a system's state says is wrong, and what to do about it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from waypost_common.clock import WARN_MS, skew_text
from waypost_common.report.dead_letters import DeadLetters
from waypost_common.report.lag import PartitionLag, worst
from waypost_store.report.status import SystemStatus
from waypost_store.wording import counted

OLD_MS: Final = 10_000
STALE_MS: Final = 300_000
RECENT_MS: Final = 86_400_000
LEAST_FREE_SHARE: Final = 0.1
CONNECTOR: Final = "waypost-connector"


def findings(before: SystemStatus, after: SystemStatus, *, now: int) -> list[str]:
    """Two looks some moments apart tell a consumer that is busy from one that stands still."""
    making = {one.group for one in after.making}
    lags = [lag for lag in after.lags if lag.group not in making]
    silent = making | unused_connector_groups(after.lags)
    return [
        *skew_findings(after.clock_skew_ms),
        *member_findings({group: count for group, count in after.members.items() if group not in silent}),
        *position_findings(lags),
        *lag_findings(before.lags, lags, after.members),
        *making_findings(before, after),
        *dead_letter_findings(after.dead_letters, now=now),
    ]


def skew_findings(skew_ms: int) -> list[str]:
    if abs(skew_ms) <= WARN_MS:
        return []
    return [f"{skew_text(skew_ms)}: synchronise both with NTP, deadlines compare them"]


def member_findings(members: Mapping[str, int]) -> list[str]:
    return [
        f"nobody reads for group {group}: start {_service(group)}, or look at its log if it should run"
        for group, count in members.items()
        if count == 0
    ]


def unused_connector_groups(lags: Sequence[PartitionLag]) -> set[str]:
    """Of backends whose connectors were never told anything: there may be none."""
    return {lag.group for lag in lags if _service(lag.group) == CONNECTOR} - {lag.group for lag in lags if lag.log_end > 0}


def making_findings(before: SystemStatus, after: SystemStatus) -> list[str]:
    """To be behind is in the nature of a generation that is made; only to stand still is wrong."""
    earlier = {(lag.group, lag.partition): lag.next_offset for lag in before.lags}
    found = []
    for one in after.making:
        own = [lag for lag in after.lags if lag.group == one.group]
        behind = sum(lag.lag for lag in own)
        if behind and all(earlier.get((lag.group, lag.partition)) == lag.next_offset for lag in own):
            found.append(
                f"generation {one.generation} is {one.state} and stands still, {counted(behind, 'record')} behind: is "
                "waypost-ingest running? Look for generation_stands_still in its log; `waypost generations abandon` gives it up"
            )
    return found


def position_findings(lags: Sequence[PartitionLag]) -> list[str]:
    found = []
    for lag in lags:
        where = f"partition {lag.partition} of {lag.topic}"
        if lag.next_offset is None:
            found.append(f"group {lag.group} has no offset for {where}: run `waypost migrate`")
        elif lag.next_offset > lag.log_end:
            found.append(
                f"group {lag.group} is at {lag.next_offset} of {where}, which ends at {lag.log_end}: the topic was made again "
                "or lost records; restore it, or start with an empty database"
            )
        elif lag.next_offset < lag.log_start:
            found.append(
                f"group {lag.group} is at {lag.next_offset} of {where}, which now begins at {lag.log_start}: records were "
                "deleted unread; raise the topic's retention.ms, and restore the records or accept the loss"
            )
    return found


def lag_findings(before: Sequence[PartitionLag], after: Sequence[PartitionLag], members: Mapping[str, int]) -> list[str]:
    earlier = {(lag.group, lag.topic, lag.partition): lag for lag in before}
    found = []
    for group in dict.fromkeys(lag.group for lag in after):
        own = [lag for lag in after if lag.group == group]
        oldest = worst(own)
        if oldest is None or (oldest.oldest_ms or 0) <= OLD_MS or not members.get(group):
            continue
        earliest = earlier.get((group, oldest.topic, oldest.partition))
        total = counted(sum(lag.lag for lag in own), "record")
        behind = f"{_service(group)} is {total} behind on {oldest.topic}, the oldest {(oldest.oldest_ms or 0) // 1_000} s"
        if earliest is not None and earliest.next_offset == oldest.next_offset:
            found.append(f"{behind}, and partition {oldest.partition} stands still: look at its log")
        elif earliest is not None and earliest.lag < oldest.lag:
            found.append(f"{behind}, and it grows: run more replicas")
        elif (oldest.oldest_ms or 0) > STALE_MS:
            found.append(f"{behind}: it is catching up; more replicas make it faster")
    return found


def dead_letter_findings(dead_letters: Sequence[DeadLetters], *, now: int) -> list[str]:
    return [
        f"{found.topic} took dead letters in the last day, the newest because of "
        f"{', '.join(found.by_reason) or 'an unknown reason'} ({found.count} in all): look at them with "
        "`waypost dlq list`, correct what produces them, then replay or drop them"
        for found in dead_letters
        if found.newest_at is not None and now - found.newest_at < RECENT_MS
    ]


def disk_findings(used_bytes: float, total_bytes: float) -> list[str]:
    if not total_bytes or (total_bytes - used_bytes) / total_bytes >= LEAST_FREE_SHARE:
        return []
    return [f"MongoDB's disk is {used_bytes / total_bytes:.0%} full: free space or add some before writes stop"]


def _service(group: str) -> str:
    if ".connector." in group:
        return CONNECTOR
    return "waypost-ingest" if ".ingest" in group else "waypost-store"

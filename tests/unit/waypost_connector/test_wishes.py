"""What is wanted of sessions, from what WhatsApp knows and what documents say."""

from dataclasses import replace

import pytest

from waypost_common.identifiers import OrganizationId, SessionId
from waypost_connector.backend import Device
from waypost_connector.wishes import Known, Wish, wishes

SESSION = SessionId("s1")
ORGANIZATION = OrganizationId("org_a")
LINKED = Device(SESSION, ORGANIZATION)
UNLINKED = replace(LINKED, paired=False)
WORKING = Known(ORGANIZATION, backend="tiny", desired=None, status="working", identified=True, removed=False)
CREATED = Known(ORGANIZATION, backend="tiny", desired="running", status="stopped", identified=False, removed=False)


def wished(device: Device | None, document: Known | None, *, is_default: bool = True) -> Wish | None:
    documents = {} if document is None else {SESSION: document}
    found = wishes([] if device is None else [device], documents, backend="tiny", is_default=is_default)
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize(
    ("device", "document", "runs"),
    [
        (LINKED, None, True),
        (LINKED, WORKING, True),
        (LINKED, replace(WORKING, backend=None), True),
        (LINKED, replace(WORKING, desired="stopped"), False),
        (LINKED, replace(WORKING, removed=True, desired="running"), False),
        (UNLINKED, None, False),
        (UNLINKED, replace(WORKING, desired="stopped"), False),
        (UNLINKED, replace(WORKING, status="logged_out", desired="running"), True),
        (None, CREATED, True),
        (None, replace(CREATED, backend=None), True),
        (None, replace(CREATED, desired="stopped"), False),
    ],
)
def test_a_session_runs_as_its_document_says_and_without_a_word_when_it_is_linked(
    device: Device | None, document: Known | None, runs: bool
) -> None:
    wish = wished(device, document)
    assert wish is not None
    assert wish.running is runs


@pytest.mark.parametrize(
    ("device", "document"),
    [
        (LINKED, replace(WORKING, backend="another")),
        (None, replace(CREATED, backend="another")),
        (None, replace(WORKING, backend=None)),
        (None, replace(CREATED, removed=True)),
        (UNLINKED, replace(WORKING, removed=True)),
    ],
)
def test_another_backends_session_one_that_nobody_asked_for_and_a_removed_one_without_device_are_left_alone(
    device: Device | None, document: Known
) -> None:
    assert wished(device, document) is None


def test_a_session_that_names_no_backend_is_paired_by_the_default_one_alone() -> None:
    nameless = replace(CREATED, backend=None)
    assert wished(None, nameless) is not None
    assert wished(None, nameless, is_default=False) is None
    assert wished(LINKED, nameless, is_default=False) is not None


def test_a_removed_session_is_kept_until_its_device_is_unlinked() -> None:
    wish = wished(LINKED, replace(WORKING, removed=True))
    assert wish is not None
    assert wish.removed


@pytest.mark.parametrize(
    ("status", "unseen"), [("working", True), ("stopped", True), ("logged_out", False), ("scan_qr_code", False)]
)
def test_a_session_that_was_paired_and_is_not_any_more_has_to_say_so_once(status: str, unseen: bool) -> None:
    wish = wished(UNLINKED, replace(WORKING, status=status))
    assert wish is not None
    assert wish.was_unlinked_unseen is unseen

"""An export's folder: nothing half-done looks whole, and what was changed on the way is refused before anything is used."""

import asyncio
import gzip
import hashlib
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.events import message, working_session

from waypost_common.events import encode_event
from waypost_common.identifiers import EpochMs
from waypost_store.errors import StoreError
from waypost_store.transfer.content import ExportContent
from waypost_store.transfer.files import ExportFolder, read_manifest
from waypost_store.transfer.manifest import (
    ADDRESSES_FILE,
    MANIFEST,
    SESSIONS_FILE,
    ExportedSession,
    LeftOut,
    Manifest,
    parse_manifest,
)

EVENTS_FILE = "events-00003.ndjson.gz"
EVENTS = [message("ONE"), message("TWO"), working_session()]


def exported(folder: Path) -> Manifest:
    target = ExportFolder(folder)
    target.prepare()
    target.append(ADDRESSES_FILE, [b'["S1","1@lid","2@s.whatsapp.net"]'])
    target.append(SESSIONS_FILE, [encode_event(EVENTS[2])])
    for one in EVENTS[:2]:
        target.append(EVENTS_FILE, [encode_event(one)])
    manifest = Manifest(
        id="exp_01J1HXVPEGTXRSAMPXE0000003",
        created_at=EpochMs(1),
        organization=EVENTS[0].organization,
        sessions=[ExportedSession(session=EVENTS[0].session, events=3)],
        events=3,
        complete=True,
        topic="wa.events",
        read=[],
        left_out=LeftOut(),
        files=(files := target.finish_files())[1:],
        addresses=files[0],
    )
    target.finish(manifest)
    return manifest


def checked(folder: Path) -> list[str]:
    """The ids of all events, in the order of import."""
    content = ExportContent(folder, read_manifest(folder), longest=1_024)

    async def check() -> list[str]:
        await content.check(lambda _count: None)
        return [event.id async for events in content.events() for event in events]

    return asyncio.run(check())


def rewritten(folder: Path, name: str, lines: list[bytes]) -> None:
    """Another content, with a manifest that fits it."""
    (folder / name).write_bytes(gzip.compress(b"".join(line + b"\n" for line in lines)))
    manifest = orjson.loads((folder / MANIFEST).read_bytes())
    for file in [*manifest["files"], manifest["addresses"]]:
        if file["name"] == name:
            file["sha256"] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / MANIFEST).write_bytes(orjson.dumps(manifest))


def test_what_was_written_is_read_the_sessions_last(tmp_path: Path) -> None:
    manifest = exported(tmp_path)
    assert read_manifest(tmp_path) == manifest
    assert [file.name for file in manifest.files] == [EVENTS_FILE, SESSIONS_FILE]
    assert checked(tmp_path) == [one.id for one in EVENTS]


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    exported(tmp_path / "export")
    assert (tmp_path / "export").stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "export").iterdir()} == {0o600}


def test_equal_events_make_equal_files(tmp_path: Path) -> None:
    assert exported(tmp_path / "a").files == exported(tmp_path / "b").files


def test_one_that_was_interrupted_is_no_export_and_is_begun_anew(tmp_path: Path) -> None:
    target = ExportFolder(tmp_path)
    target.prepare()
    target.append(EVENTS_FILE, [b"{}"])
    target.close()
    assert [path.name for path in tmp_path.iterdir()] == [f"{EVENTS_FILE}.part"]
    with pytest.raises(StoreError, match=r"no export, or one that was not finished"):
        read_manifest(tmp_path)
    exported(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [ADDRESSES_FILE, EVENTS_FILE, MANIFEST, SESSIONS_FILE]


@pytest.mark.parametrize(("name", "why"), [(MANIFEST, "holds an export already"), ("letter.txt", "holds something else")])
def test_a_folder_that_is_used_is_not_written_to(tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(StoreError, match=why):
        ExportFolder(tmp_path).prepare()
    assert (tmp_path / name).read_text() == "mine"


def test_a_changed_or_missing_file_is_refused(tmp_path: Path) -> None:
    exported(tmp_path)
    (tmp_path / EVENTS_FILE).write_bytes((tmp_path / EVENTS_FILE).read_bytes() + b"\0")
    with pytest.raises(StoreError, match="is not what was exported"):
        checked(tmp_path)
    (tmp_path / EVENTS_FILE).unlink()
    with pytest.raises(StoreError, match="is missing"):
        checked(tmp_path)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([b"not json"], "line 1 is no event"),
        ([encode_event(EVENTS[0])], "as many events as the manifest says"),
        ([encode_event(message("ONE", envelope={"organization": "org_2"}))], "another session or organization"),
        ([encode_event(message("ONE", envelope={"session": "S2"}))], "another session or organization"),
        ([encode_event(working_session())], "belongs elsewhere"),
        ([encode_event(message("LONG", body="x" * 1_024))], "WAYPOST_BATCH_MAX_EVENT_BYTES"),
    ],
)
def test_what_does_not_fit_the_manifest_is_refused(tmp_path: Path, lines: list[bytes], why: str) -> None:
    exported(tmp_path)
    rewritten(tmp_path, EVENTS_FILE, lines)
    with pytest.raises(StoreError, match=why):
        checked(tmp_path)


@pytest.mark.parametrize("line", [b'["S2","1@lid","2@s.whatsapp.net"]', b'["S1","1@lid","nobody"]', b'["S1","1@lid"]', b"{"])
def test_an_address_that_does_not_fit_is_refused(tmp_path: Path, line: bytes) -> None:
    exported(tmp_path)
    rewritten(tmp_path, ADDRESSES_FILE, [line])
    with pytest.raises(StoreError, match=ADDRESSES_FILE):
        checked(tmp_path)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"format": "zip"}, "not that of an export"),
        ({"version": 2}, "use a newer one"),
        ({"organization": "a|b"}, "organization"),
        ({"files": [{"name": "../../etc/passwd.ndjson.gz", "lines": 0, "bytes": 0, "sha256": "0" * 64}]}, r"files\.0\.name"),
    ],
)
def test_a_manifest_that_is_none_says_why(tmp_path: Path, change: dict[str, Any], why: str) -> None:
    good = orjson.loads(exported(tmp_path).to_bytes())
    with pytest.raises(StoreError, match=why):
        parse_manifest(orjson.dumps(good | change))

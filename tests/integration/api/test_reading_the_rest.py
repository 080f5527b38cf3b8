from typing import Any

import pytest
from tests.integration.api.conftest import Api
from tests.integration.api.documents import (
    api_key_document,
    channel_document,
    chat_document,
    contact_document,
    group_document,
    member_document,
)

GROUP = "120@g.us"


async def people(database: Any) -> None:
    await database["contacts"].insert_many(
        [
            contact_document("6281@s.whatsapp.net", dm=True, fullName="Alice Adams", lid="9001@lid"),
            contact_document("6282@s.whatsapp.net", dm=True, inGroup=True, pushName="bob (work)", groupLid="9002@lid"),
            contact_document(
                "9003@lid", inGroup=True, groupPhoneJid="6283@s.whatsapp.net",
                groupPushName={"at": 1, "eventId": "e", "name": "Карина"},
            ),
            {**contact_document("9004@lid", dm=True), "listed": False},
        ]
    )  # fmt: skip
    await database["groups"].insert_one(group_document(GROUP, subject="Team"))
    await database["group_members"].insert_many(
        [
            member_document(GROUP, "9001@lid", role="admin", tag="~A"),
            member_document(GROUP, "9003@lid", lid="9003@lid"),
            member_document(GROUP, "6282@s.whatsapp.net", present=False),
        ]
    )


async def lids(api: Api, **query: Any) -> list[str]:
    answer = await api.get("/sessions/mine/contacts", **query)
    assert answer.status_code == 200
    return [contact["lid"] for contact in answer.json()["data"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["9001@lid", "9002@lid", "9003@lid"]),
        ({"source": "dm"}, ["9001@lid", "9002@lid"]),
        ({"source": "group"}, ["9002@lid", "9003@lid"]),
        ({"group": GROUP}, ["9001@lid", "9003@lid"]),
        ({"group": "999@g.us"}, []),
        ({"q": "ALICE"}, ["9001@lid"]),
        ({"q": "(work"}, ["9002@lid"]),
        ({"q": "карИ"}, ["9003@lid"]),
        ({"q": "+62 83"}, ["9003@lid"]),
        ({"q": "6282"}, ["9002@lid"]),
        ({"q": ".*"}, []),
        ({"q": "a", "source": "dm", "group": GROUP}, ["9001@lid"]),
    ],
)
async def test_contacts_are_filtered(api: Api, database: Any, query: dict[str, str], expected: list[str]) -> None:
    await people(database)
    assert await lids(api, **query) == expected


@pytest.mark.parametrize("query", [{"source": "moon"}, {"group": "1@lid"}, {"group": "x"}, {"q": "a\0"}, {"q": "a" * 101}])
async def test_a_malformed_filter_of_contacts_is_refused(api: Api, query: dict[str, str]) -> None:
    assert (await api.get("/sessions/mine/contacts", **query)).status_code == 400


async def test_pages_of_contacts_end_with_an_empty_cursor(api: Api, database: Any) -> None:
    await people(database)
    first = (await api.get("/sessions/mine/contacts", limit=2)).json()
    last = (await api.get("/sessions/mine/contacts", limit=2, cursor=first["nextCursor"])).json()
    assert [contact["lid"] for contact in first["data"] + last["data"]] == ["9001@lid", "9002@lid", "9003@lid"]
    assert last["nextCursor"] == ""


@pytest.mark.parametrize("address", ["9001@lid", "6281@s.whatsapp.net"])
async def test_a_contact_is_found_by_either_form_of_the_address(api: Api, database: Any, address: str) -> None:
    await people(database)
    detail = (await api.get(f"/sessions/mine/contacts/{address}")).json()
    assert detail["dm"] is True
    assert detail["groups"] == [{"jid": GROUP, "name": "Team", "role": "admin", "tag": "~A", "lastSeen": 1_719_662_400_000}]
    assert (detail["identity"]["lid"], detail["identity"]["phoneNumber"]) == ("9001@lid", "6281")


async def test_groups_and_their_present_members_are_read(api: Api, database: Any) -> None:
    await people(database)
    assert (await api.get(f"/sessions/mine/groups/{GROUP}")).json()["subject"] == "Team"
    listed = (await api.get("/sessions/mine/groups")).json()
    assert ([group["groupJid"] for group in listed["data"]], listed["nextCursor"]) == ([GROUP], "")
    members = (await api.get(f"/sessions/mine/groups/{GROUP}/members")).json()
    assert [(member["lid"], member["role"]) for member in members["data"]] == [("9001@lid", "admin"), ("9003@lid", "member")]
    assert (await api.get("/sessions/mine/groups/999@g.us/members")).status_code == 404


async def test_channels_tell_when_their_last_post_came(api: Api, database: Any) -> None:
    await database["channels"].insert_many([channel_document("1@newsletter", name="News"), channel_document("2@newsletter")])
    await database["chats"].insert_one(chat_document("1@newsletter", lastMessageAt=7))
    first = (await api.get("/sessions/mine/channels", limit=1, key="wa_sender")).json()
    second = (await api.get("/sessions/mine/channels", limit=1, key="wa_reader", cursor=first["nextCursor"])).json()
    assert [(c["jid"], c["lastMessageAt"]) for c in first["data"] + second["data"]] == [
        ("1@newsletter", 7),
        ("2@newsletter", None),
    ]
    assert second["nextCursor"] == ""
    assert (await api.get("/sessions/mine/channels/1@newsletter")).json()["name"] == "News"


async def test_sessions_are_listed_for_who_may_read_or_manage(api: Api) -> None:
    page = (await api.get("/sessions", key="wa_reader")).json()
    assert [session["id"] for session in page["data"]] == ["mine", "second"]
    assert page["nextCursor"] is None
    assert (await api.get("/sessions", key="wa_sender")).status_code == 403
    session = (await api.get("/sessions/mine")).json()
    assert (session["gatewayId"], session["ratePerMin"], session["ratePerHour"]) == ("", 20, 200)


async def test_a_revoked_key_stops_working(api: Api, database: Any) -> None:
    assert (await api.get("/sessions", key="wa_reader")).status_code == 200
    await database["api_keys"].update_one({"_id": "key_reader"}, {"$set": {"revokedAt": 1}})
    assert (await api.get("/sessions", key="wa_reader")).status_code == 401


async def test_an_expired_key_does_not_work(api: Api, database: Any) -> None:
    await database["api_keys"].insert_one(api_key_document("old", ["read"], expiresAt=1))
    assert (await api.get("/sessions", key="wa_old")).status_code == 401


async def test_a_key_is_taken_as_a_bearer_token_too(api: Api) -> None:
    answer = await api.client.get("/api/v1/sessions", headers={"authorization": "bearer wa_all"})
    assert answer.status_code == 200


async def test_reads_work_while_kafka_is_down_and_readiness_says_what_is_missing(api: Api) -> None:
    assert (await api.get("/sessions")).status_code == 200
    answer = await api.client.get("/readyz")
    assert (answer.status_code, "Kafka" in answer.text) == (503, True)

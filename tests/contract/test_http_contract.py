"""The contract, written down by hand a second time: the OpenAPI document must not lose an operation of it, nor an answer."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from waypost_api.openapi import openapi_document
from waypost_api.openapi_examples import EXAMPLES

S = "/sessions/{session}"
EVERYWHERE = {401, 403}
TABLE = """
    createChannel              POST   {S}/channels                         201 400 404 501
    followChannel              POST   {S}/channels/{jid}:follow            204 404 501
    unfollowChannel            POST   {S}/channels/{jid}:unfollow          204 404 501
    muteChannel                POST   {S}/channels/{jid}:mute              204 404 501
    listChannelMessages        GET    {S}/channels/{jid}/messages          200 404

    listChats                  GET    {S}/chats                            200 404
    getChat                    GET    {S}/chats/{cid}                      200 404
    updateChat                 PATCH  {S}/chats/{cid}                      200 404 422
    deleteChat                 DELETE {S}/chats/{cid}                      204 404
    listChatMessages           GET    {S}/chats/{cid}/messages             200 404
    setChatPresence            PUT    {S}/chats/{cid}/presence             204 400 404 422 501
    readChat                   POST   {S}/chats/{cid}/read                 200 404

    listContacts               GET    {S}/contacts                         200 400 404
    checkContact               GET    {S}/contacts/check                   200 400 404 501
    getContactAbout            GET    {S}/contacts/{jid}/about             200 404 501
    getContactPicture          GET    {S}/contacts/{jid}/picture           200 404 501
    blockContact               POST   {S}/contacts/{jid}/block             204 404 501
    unblockContact             POST   {S}/contacts/{jid}/unblock           204 404 501
    getContact                 GET    {S}/contacts/{lid}                   200 404

    listGroups                 GET    {S}/groups                           200 404
    createGroup                POST   {S}/groups                           201 400 404 501
    getGroup                   GET    {S}/groups/{gid}                     200 404
    updateGroup                PATCH  {S}/groups/{gid}                     204 400 404 501
    getGroupInvite             GET    {S}/groups/{gid}/invite              200 404 501
    revokeGroupInvite          DELETE {S}/groups/{gid}/invite              200 404 501
    listGroupMembers           GET    {S}/groups/{gid}/members             200 404
    addGroupMembers            POST   {S}/groups/{gid}/members             204 400 404 501
    removeGroupMember          DELETE {S}/groups/{gid}/members/{jid}       204 404 501
    promoteGroupMember         POST   {S}/groups/{gid}/members/{jid}/promote  204 404 501
    demoteGroupMember          POST   {S}/groups/{gid}/members/{jid}/demote   204 404 501
    approveGroupMembers        POST   {S}/groups/{gid}/members:approve     501
    joinGroup                  POST   {S}/groups:join                      200 400 404 501
    leaveGroup                 POST   {S}/groups/{gid}:leave               204 404 501

    sendMessage                POST   {S}/messages                         200 202 400 404 429 501
    editMessage                PATCH  {S}/messages/{mid}                   200 400 404
    revokeMessage              DELETE {S}/messages/{mid}                   200 404
    forwardMessage             POST   {S}/messages/{mid}/forward           200 400 404
    addReaction                POST   {S}/messages/{mid}/reaction          200 400 404
    removeReaction             DELETE {S}/messages/{mid}/reaction          200 404
    voteMessage                POST   {S}/messages/{mid}/vote              200 400 404

    listSessions               GET    /sessions                            200
    createSession              POST   /sessions                            201 400
    getSession                 GET    {S}                                  200 404
    deleteSession              DELETE {S}                                  204 404
    sessionMe                  GET    {S}/me                               200 404
    sessionPairingCode         POST   {S}/pairing-code                     200 400 404
    sessionQR                  GET    {S}/qr                               200 404
    logoutSession              POST   {S}:logout                           200 404
    restartSession             POST   {S}:restart                          200 404
    startSession               POST   {S}:start                            200 404
    stopSession                POST   {S}:stop                             200 404

    setPresence                PUT    {S}/presence                         204 400 404 501
    postStatus                 POST   {S}/status                           200 400 404 501

    listWebhooks               GET    /webhooks                            200
    createWebhook              POST   /webhooks                            201 422
    getWebhook                 GET    /webhooks/{id}                       200 404
    updateWebhook              PATCH  /webhooks/{id}                       200 404 422
    deleteWebhook              DELETE /webhooks/{id}                       204 404

    createRealtimeTicket       POST   /realtime/ticket                     200

    adminListSessions          GET    /admin/sessions                      200
    adminStartSessionBackfill  POST   /admin/sessions/{session}:backfill   202 404 409 501
    adminSessionBackfillStatus GET    /admin/sessions/{session}/backfill   200 404

    importBackup               POST   {S}/backfill                         202 400 404 409 429
    backupStatus               GET    {S}/backfill                         200 404
"""
TAKE_A_BODY = {
    "createChannel", "muteChannel", "updateChat", "setChatPresence", "createGroup", "updateGroup", "addGroupMembers",
    "approveGroupMembers", "joinGroup", "sendMessage", "editMessage", "revokeMessage", "forwardMessage", "addReaction",
    "removeReaction", "voteMessage", "createSession", "sessionPairingCode", "setPresence", "postStatus", "createWebhook",
    "updateWebhook", "createRealtimeTicket", "importBackup",
}  # fmt: skip
QUERIES = {
    "listChats": {"limit", "cursor"},
    "listChatMessages": {"limit", "cursor"},
    "listChannelMessages": {"limit", "cursor"},
    "listContacts": {"limit", "cursor", "source", "group", "q"},
    "checkContact": {"phone"},
    "sendMessage": {"async"},
}
ANSWERS = {
    "createChannel": "CreatedChannel", "listChannelMessages": "MessageList", "listChats": "ChatList", "getChat": "Chat",
    "updateChat": "Chat", "readChat": "Chat", "listChatMessages": "MessageList", "listContacts": "ContactList",
    "getContact": "ContactDetail", "listGroups": "GroupList", "createGroup": "GroupInfo", "getGroup": "Group",
    "listGroupMembers": "GroupMemberList", "sendMessage": "SendResult", "editMessage": "SendResult",
    "revokeMessage": "SendResult", "forwardMessage": "SendResult", "addReaction": "SendResult", "removeReaction": "SendResult",
    "voteMessage": "SendResult", "listSessions": "WASessionList", "createSession": "WASession", "getSession": "WASession",
    "logoutSession": "WASession", "restartSession": "WASession", "startSession": "WASession", "stopSession": "WASession",
    "listWebhooks": "WebhookList", "createWebhook": "Webhook", "getWebhook": "Webhook", "updateWebhook": "Webhook",
    "adminListSessions": "WASessionList", "adminStartSessionBackfill": "BackfillJob",
    "adminSessionBackfillStatus": "BackfillJob", "importBackup": "BackfillImport", "backupStatus": "BackfillImport",
}  # fmt: skip
REQUIRED = {
    "Chat": "id sessionId jid type unreadCount archived pinned",
    "Message": "id sessionId waMessageId chatJid fromMe direction type hasMedia edited deleted timestamp createdAt",
    "WASession": "id organizationId gatewayId status isAdminSession autoRead presenceTyping ratePerMin ratePerHour createdAt "
    "updatedAt",
    "Group": "id groupJid firstSeenAt updatedAt",
    "GroupInfo": "groupJid",
    "GroupMember": "id sessionId groupJid lid role firstSeenAt lastSeenAt",
    "Contact": "lid source",
    "ContactDetail": "dm groups",
    "ContactGroup": "jid role lastSeen",
    "Identity": "id lid firstSeenAt updatedAt",
    "SendResult": "mode",
    "Webhook": "id organizationId url events retryPolicy active createdAt updatedAt",
    "WebhookRetryPolicy": "policy delaySeconds attempts",
    "BackfillJob": "id sessionId organizationId status contacts groups groupMembers startedAt",
    "BackfillImport": "id sessionId organizationId source status chats messages identities groups groupMembers createdAt",
    "ContactCheck": "query isOnWhatsApp",
    "SessionIdentity": "sessionId status connected",
    "QrCode": "code",
    "ErrorBody": "code message",
}


class Row(NamedTuple):
    id: str
    method: str
    path: str
    statuses: set[int]


def rows() -> Iterator[Row]:
    for line in filter(None, TABLE.splitlines()):
        identifier, method, path, *statuses = line.split()
        yield Row(identifier, method, path.replace("{S}", S), {int(status) for status in statuses} | EVERYWHERE)


ROWS = tuple(rows())
DOCUMENT = openapi_document()
SCHEMAS = DOCUMENT["components"]["schemas"]
each_operation = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)


def described(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"]["/api/v1" + row.path][row.method.lower()]
    return found


def operation(identifier: str) -> dict[str, Any]:
    return described(next(row for row in ROWS if row.id == identifier))


@each_operation
def test_an_operation_of_the_contract_is_there_with_each_answer(row: Row) -> None:
    assert described(row)["operationId"] == row.id
    missing = row.statuses - {int(status) for status in described(row)["responses"]}
    assert not missing


@each_operation
def test_what_is_not_built_is_marked_and_documents_501(row: Row) -> None:
    marked = described(row).get("x-waypost-status")
    assert marked in (None, "not-implemented")
    if marked is not None:
        assert "501" in described(row)["responses"]


@each_operation
def test_a_body_is_described_where_the_contract_has_one(row: Row) -> None:
    assert ("requestBody" in described(row)) is (row.id in TAKE_A_BODY)


@pytest.mark.parametrize("identifier", QUERIES)
def test_query_parameters_of_the_contract_are_described(identifier: str) -> None:
    told = {parameter["name"] for parameter in operation(identifier)["parameters"] if parameter["in"] == "query"}
    assert QUERIES[identifier] <= told


@pytest.mark.parametrize("identifier", ANSWERS)
def test_the_answer_is_the_object_that_the_contract_names(identifier: str) -> None:
    responses = operation(identifier)["responses"]
    success = responses[min(status for status in responses if status.startswith("2"))]
    assert success["content"]["application/json"]["schema"] == {"$ref": f"#/components/schemas/{ANSWERS[identifier]}"}


@pytest.mark.parametrize("name", REQUIRED)
def test_an_object_has_the_required_fields_of_the_contract(name: str) -> None:
    assert set(REQUIRED[name].split()) <= set(SCHEMAS[name]["required"])


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_of_its_schema(name: str) -> None:
    validator = Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}})
    for example in SCHEMAS[name]["examples"]:
        validator.validate(example)


def test_every_path_parameter_has_an_example() -> None:
    for path in DOCUMENT["paths"].values():
        for one in path.values():
            assert all("example" in parameter for parameter in one.get("parameters", ()) if parameter["in"] == "path")

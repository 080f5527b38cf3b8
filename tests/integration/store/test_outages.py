"""A server that is away is never the records' fault."""

import pytest
from pydantic import SecretStr
from tests.mongo_driver import DRIVER
from tests.unit.waypost_store.records import command_json

from waypost_common.claims import Start, claim
from waypost_common.commands import STORE_COMMAND_ADAPTER
from waypost_common.consumption import RetryLaterError
from waypost_common.identifiers import CommandId, EpochMs, SessionId
from waypost_common.mongo import open_client, open_database
from waypost_common.outcomes import Outcome, OutcomeStatus
from waypost_common.settings import MongoSettings
from waypost_store.generations import LiveGeneration
from waypost_store.known_sessions import KnownSessions
from waypost_store.outcome_writes import write_outcomes

AWAY = MongoSettings(url=SecretStr("mongodb://127.0.0.1:1/"), server_selection_timeout_ms=200, driver=DRIVER)
NOW = EpochMs(1_719_662_400_000)


async def test_claims_sessions_and_outcomes_are_put_off_while_mongodb_is_away() -> None:
    command = STORE_COMMAND_ADAPTER.validate_python(command_json())
    outcome = Outcome(command=CommandId(command.id), status=OutcomeStatus.SUCCEEDED, at=NOW)
    async with open_client(AWAY, application="test") as client:
        database = open_database(client, AWAY)
        with pytest.raises(RetryLaterError, match="MongoDB"):
            await claim(database["operations"], [(command, Start())], now=NOW, keep_days=7)
        with pytest.raises(RetryLaterError, match="MongoDB"):
            await KnownSessions(database, LiveGeneration(database), backends=("simulated",)).look([SessionId("S1")])
        with pytest.raises(RetryLaterError, match="MongoDB"):
            await write_outcomes(database["operations"], [outcome], now=NOW, keep_days=7)

"""What an error of MongoDB's driver means: one answer for all services."""

from typing import Any

import pytest
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    ConfigurationError,
    CursorNotFound,
    DuplicateKeyError,
    ExecutionTimeout,
    InvalidOperation,
    NetworkTimeout,
    NotPrimaryError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WriteConcernError,
    WriteError,
    WTimeoutError,
)

from waypost_common.consumption import ConsumptionStoppedError, RetryLaterError
from waypost_common.mongo import MongoFault, fault_of, is_outage, retry_or_stop

NO_MAJORITY = [{"code": 64, "errmsg": "waiting for replication timed out"}]


def bulk(*codes: int, concern: list[dict[str, Any]] | None = None) -> BulkWriteError:
    failures = [{"index": index, "code": code} for index, code in enumerate(codes)]
    return BulkWriteError({"writeErrors": failures, "writeConcernErrors": concern or []})


@pytest.mark.parametrize(
    "error",
    [
        AutoReconnect("gone"), NetworkTimeout("slow"), NotPrimaryError("stepped down"), ServerSelectionTimeoutError("nobody"),
        WaitQueueTimeoutError("all connections in use"), ExecutionTimeout("slow", 50), CursorNotFound("cursor", 43),
        WTimeoutError("no majority", 64), WriteConcernError("too few members", 100),
        OperationFailure("stepping down", 189), OperationFailure("not confirmed", 187),
        OperationFailure("shutting down", 11_600), OperationFailure("disk", 14_031),
        OperationFailure("new kind", 999_999, {"errorLabels": ["RetryableWriteError"]}),
    ],
)  # fmt: skip
def test_what_passes_by_itself_is_an_outage(error: PyMongoError) -> None:
    assert fault_of(error) is MongoFault.OUTAGE
    assert is_outage(error)


@pytest.mark.parametrize("code", [11, 13, 18, 8_000])
def test_a_wrong_password_or_a_missing_right_is_no_outage(code: int) -> None:
    error = OperationFailure("secret", code)
    assert fault_of(error) is MongoFault.NOT_ALLOWED
    assert not is_outage(error)


@pytest.mark.parametrize(
    "error",
    [
        OperationFailure("unknown operator: $foo", 2), OperationFailure("failed to parse", 9), OperationFailure("no code"),
        WriteError("validation", 121), OperationFailure("BSONObj size is invalid", 10_334), InvalidOperation("closed"),
        ConfigurationError("bad option"), PyMongoError("anything else"),
    ],
)  # fmt: skip
def test_a_query_or_a_document_that_can_never_be_taken_is_refused(error: PyMongoError) -> None:
    assert fault_of(error) is MongoFault.REFUSED


@pytest.mark.parametrize("error", [DuplicateKeyError("there", 11_000), bulk(11_000), bulk(11_000, 11_000)])
def test_a_duplicate_key_alone_says_there_already(error: PyMongoError) -> None:
    assert fault_of(error) is MongoFault.THERE_ALREADY


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (bulk(11_000, 91, 121), MongoFault.OUTAGE),
        (bulk(11_000, 121), MongoFault.REFUSED),
        (bulk(11_000, 121, concern=NO_MAJORITY), MongoFault.REFUSED),
        (bulk(13, 121), MongoFault.NOT_ALLOWED),
        (bulk(11_000, concern=NO_MAJORITY), MongoFault.OUTAGE),
        (bulk(concern=NO_MAJORITY), MongoFault.OUTAGE),
        (bulk(), MongoFault.OUTAGE),
    ],
)
def test_of_a_bulk_that_failed_in_several_ways_what_passes_counts_first(error: BulkWriteError, fault: MongoFault) -> None:
    assert fault_of(error) is fault


def test_a_consumer_tries_again_after_an_outage() -> None:
    assert isinstance(retry_or_stop(AutoReconnect("secret")), RetryLaterError)
    assert "secret" not in str(retry_or_stop(AutoReconnect("secret")))


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OperationFailure("secret", 18), "WAYPOST_MONGO_URL"),
        (OperationFailure("secret", 10_334), "10334"),
        (bulk(11_000, 121), "BulkWriteError 121"),
        (InvalidOperation("secret"), "InvalidOperation"),
    ],
)
def test_a_consumer_stops_at_what_trying_again_cannot_mend_and_says_what_to_do(error: PyMongoError, told: str) -> None:
    stopped = retry_or_stop(error)
    assert isinstance(stopped, ConsumptionStoppedError)
    assert told in str(stopped)
    assert "secret" not in str(stopped)

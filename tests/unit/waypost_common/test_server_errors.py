"""What PyMongo and aiokafka raise becomes one line that says what to do. The texts are theirs, as real servers caused them."""

import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    IncompatibleBrokerVersion,
    KafkaConnectionError,
    KafkaError,
    UnknownTopicOrPartitionError,
)
from pymongo.errors import ExecutionTimeout, InvalidURI, OperationFailure, PyMongoError, ServerSelectionTimeoutError

from waypost_common.kafka_security import KafkaRefusedError
from waypost_common.server_errors import advice, is_final

REST = " (configured timeouts: connectTimeoutMS: 20000.0ms), Timeout: 1.5s, Topology Description: <TopologyDescription ...>"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            ServerSelectionTimeoutError(f"db:27017: [Errno 111] Connection refused{REST}"),
            "MongoDB does not answer (db:27017: [Errno 111] Connection refused): start it, or set WAYPOST_MONGO_URL",
        ),
        (
            ServerSelectionTimeoutError(f"db:27017: connection closed{REST}"),
            "MongoDB closes the connection (db:27017: connection closed): if it wants TLS, add tls=true",
        ),
        (
            ServerSelectionTimeoutError(f"SSL handshake failed: db:27017: [SSL: CERTIFICATE_VERIFY_FAILED]{REST}"),
            "no TLS connection to MongoDB (SSL handshake failed: db:27017: [SSL: CERTIFICATE_VERIFY_FAILED]): correct tls=",
        ),
        (
            ServerSelectionTimeoutError(f'No replica set members available for replica set name "rs0", Timeout: 1.5s{REST}'),
            "MongoDB is not a replica set, which majority writes need: start mongod with --replSet rs0",
        ),
        (
            ServerSelectionTimeoutError(f'No replica set members match selector "Primary()", Timeout: 1.5s{REST}'),
            "MongoDB has no primary: run rs.initiate() once",
        ),
        (OperationFailure("Authentication failed.", 18), "MongoDB refuses the user or password: correct WAYPOST_MONGO_URL"),
        (OperationFailure("not authorized on db", 13), "MongoDB forbids this user something: grant it the roles"),
        (OperationFailure("Replication is not enabled", 76), "MongoDB is not a replica set"),
        (OperationFailure("text of a message", 2), "MongoDB refused (code 2): see `waypost doctor`"),
        (InvalidURI("mongodb://user:hunter2@"), "WAYPOST_MONGO_URL cannot be used (InvalidURI): see docs/settings.md"),
        (PyMongoError("?"), "MongoDB failed (PyMongoError): see `waypost doctor`"),
        (
            KafkaConnectionError(),
            "Kafka does not answer (KafkaConnectionError): start it, or correct WAYPOST_KAFKA_BOOTSTRAP_SERVERS",
        ),
        (
            KafkaConnectionError("Unable to bootstrap from [('kafka', 9092, <AddressFamily.AF_UNSPEC: 0>), ('b', 1, 0)]"),
            "Kafka does not answer at kafka:9092, b:1 (KafkaConnectionError): start it",
        ),
        (KafkaRefusedError("Kafka refuses the user or password"), "Kafka refuses the user or password"),
        (UnknownTopicOrPartitionError(), "a topic is missing in Kafka: run `waypost migrate`"),
        (GroupAuthorizationFailedError(), "Kafka forbids this program something (GroupAuthorizationFailedError)"),
        (IncompatibleBrokerVersion(), "Kafka failed (IncompatibleBrokerVersion): see `waypost doctor`"),
    ],
)
def test_an_error_of_a_server_says_what_to_do(error: PyMongoError | KafkaError, line: str) -> None:
    assert advice(error).startswith(line)
    assert "\n" not in advice(error)
    assert "hunter2" not in advice(error)


@pytest.mark.parametrize(
    ("error", "final"),
    [
        (OperationFailure("Authentication failed.", 18), True),
        (InvalidURI("?"), True),
        (ServerSelectionTimeoutError('No replica set members available for replica set name "rs0"'), True),
        (ServerSelectionTimeoutError("SSL handshake failed: db:27017: [SSL: CERTIFICATE_VERIFY_FAILED]"), True),
        (ServerSelectionTimeoutError("db:27017: [Errno 111] Connection refused"), False),
        (KafkaRefusedError("Kafka refuses the user or password"), True),
        (ExecutionTimeout("slow", 50), False),
        (KafkaConnectionError(), False),
    ],
)
def test_waiting_is_of_no_use_for_what_somebody_must_change(error: Exception, final: bool) -> None:
    assert is_final(error) is final

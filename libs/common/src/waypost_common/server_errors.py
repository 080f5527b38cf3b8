"""What a driver's error at the start of a program means for the person who started it: one line that says what to do."""

import re
from typing import Final

from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError, NodeNotReadyError, UnknownTopicOrPartitionError
from pymongo.errors import AutoReconnect, ConfigurationError, OperationFailure, PyMongoError, ServerSelectionTimeoutError

from waypost_common.kafka_security import KafkaRefusedError
from waypost_common.mongo import MongoFault, fault_of, is_outage

AUTHENTICATION_FAILED: Final = 18
NOT_A_REPLICA_SET: Final = frozenset({76, 20})
"""NoReplicationEnabled; IllegalOperation, which a lone mongod answers to what needs an oplog."""

_URL = "WAYPOST_MONGO_URL"
_SERVERS = "WAYPOST_KAFKA_BOOTSTRAP_SERVERS"


def advice(error: PyMongoError | KafkaError) -> str:
    """Never holds a password: hosts, error names and numbers only."""
    return _about_kafka(error) if isinstance(error, KafkaError) else _about_mongo(error)


def is_final(error: BaseException) -> bool:
    """Whether trying again is of no use until somebody changes the settings or the server."""
    if isinstance(error, KafkaRefusedError):
        return True
    if not isinstance(error, PyMongoError):
        return False
    return not is_outage(error) or _is_about_replica_set(str(error)) or "CERTIFICATE_VERIFY_FAILED" in str(error)


def why(error: BaseException) -> str:
    """The advice for an error of a server; of others, whose texts may hold anything, the kind alone."""
    return advice(error) if isinstance(error, KafkaError | PyMongoError) else type(error).__name__


def _about_mongo(error: PyMongoError) -> str:
    match error:
        case OperationFailure():
            return _about_refusal(error)
        case AutoReconnect():
            return _about_connection(str(error), error)
        case ConfigurationError():
            return f"{_URL} cannot be used ({type(error).__name__}): see docs/settings.md"
        case _:
            return f"MongoDB failed ({type(error).__name__}): see `waypost doctor`"


def _about_refusal(error: OperationFailure) -> str:
    if error.code == AUTHENTICATION_FAILED:
        return f"MongoDB refuses the user or password: correct {_URL} (and its authSource)"
    if fault_of(error) is MongoFault.NOT_ALLOWED:
        return "MongoDB forbids this user something: grant it the roles of docs/security.md"
    if error.code in NOT_A_REPLICA_SET:
        return NO_REPLICA_SET
    return f"MongoDB refused (code {error.code}): see `waypost doctor`"


def _about_connection(text: str, error: AutoReconnect) -> str:
    cause = _cause(text)
    if _is_about_replica_set(text):
        return f"{NO_REPLICA_SET}; or it has another name than {_URL} says (replicaSet=)"
    if isinstance(error, ServerSelectionTimeoutError) and "match selector" in text:
        return "MongoDB has no primary: run rs.initiate() once if its replica set is new, else look at rs.status()"
    if any(word in text for word in ("SSL", "TLS", "certificate")):
        return f"no TLS connection to MongoDB ({cause}): correct tls= and tlsCAFile= in {_URL}"
    if "connection closed" in text:
        return f"MongoDB closes the connection ({cause}): if it wants TLS, add tls=true to {_URL}"
    return f"MongoDB does not answer ({cause}): start it, or set {_URL} to where it is"


NO_REPLICA_SET: Final = (
    "MongoDB is not a replica set, which majority writes need: start mongod with --replSet rs0 and run rs.initiate() once"
)


def _is_about_replica_set(text: str) -> bool:
    """PyMongo drops a member that is alone, or of another set, and is then left with none."""
    return "No replica set members available for" in text


def _cause(text: str) -> str:
    """The first server and what is wrong with it, of PyMongo's long text."""
    return text.partition(" (configured timeouts")[0].partition(", Timeout:")[0][:200]


_ADDRESS: Final = re.compile(r"\('([^']+)', (\d+)")
"""In aiokafka's text, which shows the tuples that it took the bootstrap servers apart into."""


def _about_kafka(error: KafkaError) -> str:
    name = type(error).__name__
    match error:
        case KafkaRefusedError():
            return str(error.args[0])
        case KafkaConnectionError() | KafkaTimeoutError() | NodeNotReadyError():
            where = ", ".join(f"{host}:{port}" for host, port in _ADDRESS.findall(str(error)))
            what = f"Kafka does not answer{f' at {where}' if where else ''} ({name})"
            return f"{what}: start it, or correct {_SERVERS}, or WAYPOST_KAFKA_SECURITY_PROTOCOL to what that listener speaks"
        case UnknownTopicOrPartitionError():
            return "a topic is missing in Kafka: run `waypost migrate`"
        case _ if "Authorization" in name or "Authentication" in name:
            return f"Kafka forbids this program something ({name}): give its user the rights of docs/security.md"
        case _:
            return f"Kafka failed ({name}): see `waypost doctor`"

"""A Kafka and a mongod that want TLS and a login, and whose users may do what the documentation says and no more."""

from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError
from tests.end_to_end.secured.certificates import Authority
from tests.faults.servers import OwnServer

from waypost_local import kafka, mongod
from waypost_local.ports import LOOPBACK, free_port
from waypost_local.process import Child, run

USERS: Final = ("waypost-operator", "waypost-ingest", "waypost-store", "waypost-api", "waypost-connector")
PASSWORD: Final = "hunter2 of: tests @ / & only"
ROLES: Final = {"services": ["readWrite"], "operator": ["readWrite", "dbAdmin"]}
MECHANISM: Final = "SCRAM-SHA-512"
CLUSTER: Final = "d2F5cG9zdC1zZWN1cmVkMQ"
ALREADY_INITIALIZED: Final = 23


class SecuredKafka(OwnServer):
    """All want TLS: `address` SCRAM, `by_password` PLAIN, `by_certificate` a certificate of the client's in the place of a login.

    `plain` wants nothing, for whoever sets it up.
    """

    def __init__(self, folder: Path, authority: Authority) -> None:
        super().__init__(folder, kafka.READY_SECONDS)
        self.plain = f"{LOOPBACK}:{self.port}"
        ports = {self.port}
        for _ in range(3):
            ports.add(free_port(ports))
        self.address, self.by_password, self.by_certificate = (f"{LOOPBACK}:{port}" for port in ports - {self.port})
        self._programs = kafka.find_programs()
        # Nothing is formatted by this one: users belong into the log's first records.
        self._settings = kafka.prepare(kafka.Programs(("true",), ()), folder / "kafka", self.port)
        listeners = next(line for line in self._settings.read_text().splitlines() if line.startswith("listeners="))
        secured = f"SECURED://{self.address},PASSWORD://{self.by_password},CERTIFICATE://{self.by_certificate}"
        more = {
            "listeners": f"{listeners.partition('=')[2]},{secured}",
            "advertised.listeners": f"BROKER://{self.plain},{secured}",
            "listener.security.protocol.map": (
                "BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURED:SASL_SSL,PASSWORD:SASL_SSL,CERTIFICATE:SSL"
            ),
            "sasl.enabled.mechanisms": MECHANISM,
            "listener.name.password.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.password.plain.sasl.jaas.config": (
                f'org.apache.kafka.common.security.plain.PlainLoginModule required user_{USERS[0]}="{PASSWORD}";'
            ),
            "listener.name.certificate.ssl.client.auth": "required",
            "listener.name.certificate.ssl.truststore.type": "PEM",
            "listener.name.certificate.ssl.truststore.location": str(authority.file),
            "listener.name.certificate.ssl.principal.mapping.rules": "RULE:^CN=(.*)$/$1/",
            "listener.name.secured.scram-sha-512.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(authority.sign("kafka")),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        }
        with self._settings.open("a") as file:
            file.writelines(f"{name}={value}\n" for name, value in more.items())
        users = [f'{MECHANISM}=[name="{user}",password="{PASSWORD}"]' for user in USERS]
        added = [part for user in users for part in ("--add-scram", user)]
        done = run([*self._programs.format, "format", "--cluster-id", CLUSTER, "--config", str(self._settings), *added])
        assert done.returncode == 0, done.stdout + done.stderr

    def _launch(self) -> Child:
        return kafka.start(self._programs, self._settings, self._folder / "kafka.log")

    def _missing(self) -> str | None:
        return kafka.missing(self.plain)


class SecuredMongod(OwnServer):
    """Two users, with the documented roles on `database` and nothing else: `services`, and `operator` for the command line."""

    def __init__(self, folder: Path, authority: Authority, database: str) -> None:
        super().__init__(folder, mongod.READY_SECONDS)
        self._authority = authority
        self._database = database
        keyed = folder / "between-members.key"
        keyed.parent.mkdir(parents=True, exist_ok=True)
        keyed.write_text("ofOneMemberAlone")
        keyed.chmod(0o400)
        self._options = (
            *("--tlsMode", "requireTLS", "--tlsCertificateKeyFile", str(authority.sign("mongod"))),
            *("--tlsCAFile", str(authority.file), "--tlsAllowConnectionsWithoutCertificates"),
            *("--auth", "--keyFile", str(keyed)),
        )

    def url(self, *, user: str = "services", password: str = PASSWORD, authority: Authority | None = None) -> str:
        tls = f"tls=true&tlsCAFile={quote((authority or self._authority).file.as_posix(), safe='')}"
        login = f"{user}:{quote(password, safe='')}"
        return f"mongodb://{login}@{LOOPBACK}:{self.port}/?replicaSet={mongod.REPLICA_SET}&authSource={self._database}&{tls}"

    def _launch(self) -> Child:
        return mongod.start(
            mongod.find_program(), self._folder / "mongod", self.port, self._folder / "mongod.log", options=self._options
        )

    def _missing(self) -> str | None:
        """Makes the replica set, then the administrator and the user, by what a server without users allows to its machine."""
        options: dict[str, Any] = {"directConnection": True, "serverSelectionTimeoutMS": 1_000, "tls": True}
        with MongoClient[dict[str, Any]](LOOPBACK, self.port, tlsCAFile=str(self._authority.file), **options) as client:
            try:
                if not client.admin.command("hello").get("isWritablePrimary"):
                    _make_replica_set(client, f"{LOOPBACK}:{self.port}")
                    return "not primary yet"
                rights = [{"role": "userAdminAnyDatabase", "db": "admin"}]
                client.admin.command("createUser", "administrator", pwd=PASSWORD, roles=rights)
            except PyMongoError as error:
                return str(error)[:200]
        login: dict[str, Any] = options | {"username": "administrator", "password": PASSWORD}
        with MongoClient[dict[str, Any]](LOOPBACK, self.port, tlsCAFile=str(self._authority.file), **login) as client:
            for user, roles in ROLES.items():
                on_it = [{"role": role, "db": self._database} for role in roles]
                client[self._database].command("createUser", user, pwd=PASSWORD, roles=on_it)
        return None


def _make_replica_set(client: "MongoClient[dict[str, Any]]", host: str) -> None:
    try:
        client.admin.command("replSetInitiate", {"_id": mongod.REPLICA_SET, "members": [{"_id": 0, "host": host}]})
    except OperationFailure as error:
        if error.code != ALREADY_INITIALIZED:
            raise

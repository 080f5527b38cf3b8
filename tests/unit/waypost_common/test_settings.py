"""Settings come from the environment, are checked, and do not show secrets."""

import pytest
from pydantic import ValidationError

from waypost_common.settings import KafkaSettings, MongoSettings, ServiceSettings


@pytest.mark.parametrize(
    ("variable", "value", "path"),
    [
        ("WAYPOST_KAFKA_BOOTSTRAP_SERVERS", "kafka:9092", "kafka.bootstrap_servers"),
        ("WAYPOST_KAFKA_MIN_INSYNC_REPLICAS", "2", "kafka.min_insync_replicas"),
        ("WAYPOST_MONGO_DRIVER", "pymongo", "mongo.driver"),
        ("WAYPOST_METRICS_PORT", "9100", "metrics.port"),
        ("WAYPOST_LOG_LEVEL", "debug", "log.level"),
    ],
)
def test_a_value_of_the_environment_reaches_its_field(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, path: str
) -> None:
    monkeypatch.setenv(variable, value)
    block, field = path.split(".")
    assert str(getattr(getattr(ServiceSettings(), block), field)) == value


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("WAYPOST_KAFKA_BOOTSTRAP", "kafka:9092"),
        ("WAYPOST_MONGO_DRIVER", "sync"),
        ("WAYPOST_METRICS_PORT", "70000"),
        ("WAYPOST_KAFKA_PARTITIONS", "0"),
    ],
)
def test_a_misspelt_name_or_an_impossible_value_is_refused(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValidationError):
        ServiceSettings()


def test_metrics_are_served_on_loopback_unless_told_otherwise() -> None:
    assert ServiceSettings().metrics.host == "127.0.0.1"


def test_settings_do_not_change_after_they_are_read() -> None:
    with pytest.raises(ValidationError):
        KafkaSettings().partitions = 5  # type: ignore[misc]


def test_a_connection_string_is_not_shown() -> None:
    settings = MongoSettings(url="mongodb://user:hunter2@db/")
    assert "hunter2" not in repr(settings)
    assert "hunter2" not in settings.model_dump_json()

"""Logs are one line of JSON a record for machines, or short lines for people, on standard error."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from waypost_common.logs import configure_logging
from waypost_common.settings import LogSettings


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    levels = {name: logging.getLogger(name).level for name in ("aiokafka", "pymongo", "httpx", "faststream")}
    yield
    root.handlers = handlers
    root.setLevel(level)
    for name, one in levels.items():
        logging.getLogger(name).setLevel(one)
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_of_our_own_carries_the_service_the_level_and_its_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(), service="waypost-unit")
    structlog.stdlib.get_logger("here").info("something_happened", partition=3)
    (line,) = lines(capsys)
    timestamp = line.pop("timestamp")
    assert line == {
        "event": "something_happened",
        "level": "info",
        "logger": "here",
        "partition": 3,
        "service": "waypost-unit",
    }
    assert str(timestamp).endswith("Z")


def test_a_line_of_a_library_looks_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(), service="waypost-unit")
    logging.getLogger("aiokafka.consumer").warning("lost %s", "a broker")
    (line,) = lines(capsys)
    assert (line["event"], line["logger"], line["service"]) == ("lost a broker", "aiokafka.consumer", "waypost-unit")


def test_an_error_keeps_its_traceback_in_the_same_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(), service="waypost-unit")
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        structlog.stdlib.get_logger("here").exception("failed")
    (line,) = lines(capsys)
    assert "ZeroDivisionError: division by zero" in str(line["exception"])


def test_lines_below_the_level_and_the_chatter_of_libraries_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(level="warning"), service="waypost-unit")
    structlog.stdlib.get_logger("here").info("quiet")
    logging.getLogger("pymongo").info("quiet")
    assert lines(capsys) == []


def test_lines_for_people_are_not_json(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogSettings(format="console"), service="waypost-unit")
    structlog.stdlib.get_logger("here").info("something_happened", partition=3)
    shown = capsys.readouterr().err
    assert "something_happened" in shown
    assert not shown.startswith("{")

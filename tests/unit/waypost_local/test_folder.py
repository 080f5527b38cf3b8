import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from waypost_common.settings import DeviceBlock
from waypost_local import control
from waypost_local.demo_key import find_or_make_key
from waypost_local.errors import LocalError
from waypost_local.folder import DataFolder
from waypost_local.plan import Options, make_plan
from waypost_local.ports import free_port


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "system")
    folder.create()
    return folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_its_owner_can_look_into_the_folder(folder: DataFolder) -> None:
    assert mode(folder.path) == 0o700


@pytest.mark.parametrize(
    ("secret", "file"), [(DataFolder.cursor_secret, "cursor.secret"), (DataFolder.device_keys, "device.keys")]
)
def test_a_secret_is_made_once_and_private(folder: DataFolder, secret: Callable[[DataFolder], str], file: str) -> None:
    first = secret(folder)
    assert secret(folder) == first
    assert len(first) >= 32
    assert mode(folder.path / file) == 0o600


def test_the_device_keys_are_what_the_connector_takes(folder: DataFolder) -> None:
    assert len(DeviceBlock(keys=SecretStr(folder.device_keys())).decoded()) == 1


def test_the_device_keys_and_the_networks_secret_which_they_come_from_stay_over_a_restart(folder: DataFolder) -> None:
    first, second = (make_plan(Options(), folder, "127.0.0.1:1", "mongodb://127.0.0.1:2").environment for _ in range(2))
    for name in ("WAYPOST_DEVICES_KEYS", "WAYPOST_NETWORK_SECRET"):
        assert first[name] == second[name]


def test_each_connector_has_a_gateway_id_and_a_metrics_port_of_its_own(folder: DataFolder) -> None:
    plan = make_plan(Options(connectors=3), folder, "127.0.0.1:1", "mongodb://127.0.0.1:2")
    connectors = [process for process in plan.processes if process.name.startswith("connector")]
    assert [process.name for process in connectors] == ["connector", "connector-2", "connector-3"]
    gateway_ids = [process.environment["WAYPOST_CONNECTOR_GATEWAY_ID"] for process in connectors]
    assert gateway_ids == ["connector-1", "connector-2", "connector-3"]
    assert len({process.metrics_port for process in connectors}) == 3


def test_a_folder_that_cannot_be_made_says_which_option_helps(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LocalError, match=r"cannot use the folder .* choose another with --data"):
        DataFolder(tmp_path / "file").create()


def test_a_new_demo_key_is_kept_private(folder: DataFolder) -> None:
    key = find_or_make_key(folder, free_port(), ("/bin/echo", '{"id": "k1", "key": "wa_secret"}'), {})
    assert (key, folder.demo_key.read_text().strip(), mode(folder.demo_key)) == ("wa_secret", "wa_secret", 0o600)


def test_a_key_that_could_not_be_made_says_so(folder: DataFolder) -> None:
    with pytest.raises(LocalError, match="`waypost keys create` made no key"):
        find_or_make_key(folder, free_port(), ("/bin/false",), {})


def test_a_folder_where_nothing_ever_ran_is_stopped(folder: DataFolder) -> None:
    assert control.status(folder)["state"] == "stopped"
    assert control.status(folder)["services"] == []
    assert control.stop(folder) is False


def test_the_exports_of_a_stopped_system_say_how_to_start_it(folder: DataFolder) -> None:
    with pytest.raises(LocalError, match=r"nothing runs on .*: start it with `waypost-local up --data "):
        control.exports(folder)

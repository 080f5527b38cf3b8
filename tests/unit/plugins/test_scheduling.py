import pytest
from tests.plugins.scheduling import group_of


def test_the_tests_of_a_file_share_a_process() -> None:
    assert group_of("tests/unit/plugins/test_scheduling.py") == "tests/unit/plugins/test_scheduling.py"


def test_those_of_a_folder_with_one_running_system_do() -> None:
    assert group_of("tests/end_to_end/live/test_channels.py") == group_of("tests/end_to_end/live/test_pairing.py")
    assert group_of("tests/browser/test_chats.py") != group_of("tests/end_to_end/live/test_pairing.py")


@pytest.mark.parametrize("name", ["two_of_each", "connectors_sharing", "connectors_arrivals", "clusters_of_three"])
def test_no_two_crowded_ones_run_at_a_time(name: str) -> None:
    assert group_of(f"tests/faults/test_{name}.py") == "crowded"

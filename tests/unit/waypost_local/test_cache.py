import threading
from pathlib import Path

import pytest

from waypost_local.cache import cache_folder, install_once, name_with_digest
from waypost_local.errors import LocalError


def test_what_is_installed_is_not_built_again(tmp_path: Path) -> None:
    builds: list[Path] = []

    def build(folder: Path) -> None:
        builds.append(folder)
        (folder / "program").write_text("x")

    first, second = (install_once("kafka", build, tmp_path) for _ in range(2))
    assert first == second == tmp_path / "kafka"
    assert (first / "program").read_text() == "x"
    assert len(builds) == 1


def test_a_failed_installation_leaves_nothing_that_looks_installed(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("x")
        raise LocalError("no network")

    with pytest.raises(LocalError, match="no network"):
        install_once("kafka", fail, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kafka.lock"]


def test_what_a_killed_installation_left_is_removed_by_the_next(tmp_path: Path) -> None:
    (tmp_path / "kafka.abc123").mkdir()
    install_once("kafka", lambda _: None, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kafka", "kafka.lock"]


def test_two_installations_at_once_build_one_after_the_other_and_only_once(tmp_path: Path) -> None:
    building, go_on, builds = threading.Event(), threading.Event(), list[str]()

    def build(_: Path) -> None:
        builds.append("x")
        building.set()
        assert go_on.wait(10)

    threads = [threading.Thread(target=install_once, args=("kafka", build, tmp_path)) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert building.wait(10)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert builds == ["x"]


def test_another_version_is_another_folder() -> None:
    assert name_with_digest("kafka", b"4.1.1") != name_with_digest("kafka", b"4.1.2")


def test_the_cache_is_where_the_desktop_standard_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "waypost"

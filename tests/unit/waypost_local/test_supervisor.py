import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from tests.plugins.fake_services import FakeServices
from tests.processes import wait_until

from waypost_local import control
from waypost_local.errors import LocalError
from waypost_local.folder import DataFolder
from waypost_local.plan import Plan, ProcessPlan
from waypost_local.ports import LOOPBACK, free_port
from waypost_local.process import start_time
from waypost_local.record import Record, read_record
from waypost_local.supervisor import Supervisor


@pytest.fixture
def services(tmp_path: Path) -> FakeServices:
    return FakeServices(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    folder = DataFolder(tmp_path / "system")
    folder.create()
    return folder


def supervisor(folder: DataFolder, *processes: ProcessPlan, **plan: object) -> Supervisor:
    return Supervisor(folder, (), Plan(processes, api_port=free_port(), **plan), lambda _: None)  # type: ignore[arg-type]


def record_of(folder: DataFolder) -> Record:
    record = read_record(folder.record)
    assert record is not None
    return record


def test_processes_are_stopped_in_the_reverse_of_their_order(folder: DataFolder, services: FakeServices) -> None:
    system = supervisor(folder, *(services.well_behaved(name) for name in ("store", "ingest", "api")))
    system.start()
    system.check()
    system.stop()
    assert services.stopped.read_text().split() == ["api", "ingest", "store"]


def test_the_record_says_what_runs_and_then_that_nothing_does(folder: DataFolder, services: FakeServices) -> None:
    system = supervisor(folder, services.well_behaved("store"))
    system.start()
    running = control.status(folder)
    system.stop()
    stopped = control.status(folder)
    assert (running["state"], [(s["name"], s["state"]) for s in running["services"]]) == ("running", [("store", "running")])
    assert (stopped["state"], [(s["name"], s["pid"]) for s in stopped["services"]]) == ("stopped", [("store", None)])


def test_a_process_that_dies_later_fails_the_check_with_its_name(folder: DataFolder, services: FakeServices) -> None:
    system = supervisor(folder, services.well_behaved("store"), services.well_behaved("ingest"))
    system.start()
    try:
        ingest = next(process for process in record_of(folder).processes if process.name == "ingest")
        subprocess.run(["kill", "-9", str(ingest.pid)], check=True)
        with pytest.raises(LocalError, match="ingest ended by signal 9; its log is"):
            until_it_raises(system)
    finally:
        system.stop()


def until_it_raises(system: Supervisor) -> None:
    def never() -> bool:
        system.check()
        return False

    wait_until(never, "an error", seconds=10)


def test_a_process_that_cannot_start_fails_the_start_with_its_last_words(folder: DataFolder, services: FakeServices) -> None:
    system = supervisor(folder, services.program("connector", "raise SystemExit('no backend named foo')"))
    try:
        with pytest.raises(LocalError, match=r"(?s)connector ended with exit code 1.*no backend named foo"):
            system.start()
    finally:
        system.stop()


def test_a_failed_migration_says_what_it_printed(folder: DataFolder) -> None:
    system = supervisor(folder, migrate=(sys.executable, "-c", "raise SystemExit('replication factor: 3')"))
    with pytest.raises(LocalError, match=r"(?s)migrate ended with exit code 1; its log is .*replication factor: 3"):
        system.start()


def test_a_taken_port_is_named_with_its_flag(folder: DataFolder) -> None:
    system = supervisor(folder)
    taken = rf"port {system.plan.api_port} \(API\) is in use: .* with --api-port"
    with socket.create_server((LOOPBACK, system.plan.api_port)), pytest.raises(LocalError, match=taken):
        system.start()


@pytest.mark.slow
class TestWholeRun:
    """A supervisor in a process of its own, as a person or `make` starts it."""

    def program(self, folder: DataFolder, services: FakeServices) -> list[str]:
        plan = Plan((services.well_behaved("store"), services.well_behaved("api")), api_port=free_port())
        code = f"""
            import signal, sys
            from pathlib import Path
            from waypost_local.errors import LocalError
            from waypost_local.folder import DataFolder
            from waypost_local.plan import Plan, ProcessPlan
            from waypost_local.supervisor import Supervisor, supervise
            system = Supervisor(DataFolder(Path({str(folder.path)!r})), (), {plan!r}, lambda _: None)
            try:
                supervise(system, lambda: print("running", flush=True), lambda: signal.sigtimedwait((), 0.02))
            except LocalError as error:
                sys.exit(f"error: {{error}}")
        """
        return [sys.executable, "-c", textwrap.dedent(code)]

    def start(self, folder: DataFolder, services: FakeServices) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            self.program(folder, services), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        return process

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_a_signal_stops_all_in_order_and_exits_0(
        self, folder: DataFolder, services: FakeServices, number: signal.Signals
    ) -> None:
        with self.start(folder, services) as process:
            process.send_signal(number)
            _, errors = process.communicate(timeout=30)
        assert (process.returncode, errors) == (0, "")
        assert services.stopped.read_text().split() == ["api", "store"]
        assert record_of(folder).state == "stopped"

    def test_no_process_is_left_when_the_supervisor_is_killed(self, folder: DataFolder, services: FakeServices) -> None:
        with self.start(folder, services) as process:
            processes = record_of(folder).processes
            process.kill()
            process.communicate(timeout=30)
        wait_until(lambda: not any(child.is_running for child in processes), "no process outlives its supervisor", seconds=10)
        assert len(processes) == 2
        assert control.status(folder)["state"] == "stopped"

    def test_down_stops_the_supervisor_which_stops_its_processes(self, folder: DataFolder, services: FakeServices) -> None:
        with self.start(folder, services) as process:
            assert control.stop(folder) is True
            assert process.wait(30) == 0
        assert not any(child.is_running for child in record_of(folder).processes)
        assert control.stop(folder) is False

    def test_a_dead_child_stops_the_whole_system_with_one_clear_error(self, folder: DataFolder, services: FakeServices) -> None:
        with self.start(folder, services) as process:
            store = record_of(folder).processes[0]
            subprocess.run(["kill", "-9", str(store.pid)], check=True)
            _, errors = process.communicate(timeout=30)
        assert process.returncode == 1
        assert errors.startswith("error: store ended by signal 9; its log is")
        assert control.status(folder)["state"] == "failed"
        assert start_time(record_of(folder).processes[1].pid) is None

    def test_a_second_system_on_the_same_folder_is_refused_and_harms_nothing(
        self, folder: DataFolder, services: FakeServices
    ) -> None:
        with self.start(folder, services) as process:
            second = subprocess.run(self.program(folder, services), capture_output=True, text=True, timeout=30, check=False)
            assert (second.returncode, control.status(folder)["state"]) == (1, "running")
            assert "a system already runs on" in second.stderr
            process.terminate()
            assert process.wait(30) == 0

    def test_a_detached_start_returns_once_ready_and_the_system_lives_on(
        self, folder: DataFolder, services: FakeServices
    ) -> None:
        with control.start_detached(folder, self.program(folder, services)):
            try:
                assert control.status(folder)["state"] == "running"
                assert all(child.is_running for child in record_of(folder).processes)
            finally:
                assert control.stop(folder) is True

    def test_a_detached_start_that_fails_tells_why(self, folder: DataFolder) -> None:
        with pytest.raises(LocalError, match=r"^port 1 is in use$"):
            control.start_detached(folder, [sys.executable, "-c", "print('Preparing\\nerror: port 1 is in use'); exit(1)"])

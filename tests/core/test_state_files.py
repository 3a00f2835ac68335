from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mldeploy import lease, state_files
from mldeploy.errors import RefusedError
from mldeploy.model import Phase, Ref, Step
from mldeploy.record import Record
from mldeploy.state_files import FileStateStore

HOLD = """
import sys
from pathlib import Path
from mldeploy.errors import RefusedError
from mldeploy.state_files import FileStateStore
try:
    with FileStateStore(Path(sys.argv[1])).lock(sys.argv[2]):
        print("held", flush=True)
        sys.stdin.readline()
except RefusedError as error:
    print(error.message, flush=True)
"""


@pytest.fixture
def store(tmp_path: Path) -> FileStateStore:
    return FileStateStore(tmp_path / "state")


def record(number: int = 1) -> Record:
    base = Step(kind="Toy::Thing", name="base", phase=Phase.BUILD, immutable=True, settings={"WaitSeconds": 5})
    user = Step(
        kind="Toy::Thing",
        name="user",
        phase=Phase.EXPOSE,
        spec={"list": [{"ref": base.ref("Id")}, 1, 1.5, None, True], "name": base.ref(Ref.NAME)},
        provides="api",
        lazy=True,
    )
    return Record(
        number=number,
        name="toy",
        env="dev",
        started="2025-01-01T00:00:00+00:00",
        config={"name": "toy", "text": "größer"},
        tags={"team": "search"},
        plugins=["toy"],
        steps=[base, user],
        outputs={base.id: {"Id": "7"}},
        pending={user.id},
        seconds={base.id: 1.5},
    )


class TestRecords:
    def test_a_record_comes_back_as_it_was(self, store: FileStateStore) -> None:
        store.save(record())
        assert store.records() == [record()]

    def test_records_are_in_order_and_forgotten_one_by_one(self, store: FileStateStore) -> None:
        for number in (2, 1, 10):
            store.save(record(number))
        store.forget(2)
        store.forget(99)
        assert [found.number for found in store.records()] == [1, 10]

    @pytest.mark.parametrize(
        "damage",
        ["", "{", "[]", "null", '{"format": 1}', '{"format": 99}', '"text"', "\udce4"],
        ids=["empty", "cut off", "list", "null", "keys missing", "format of the future", "text", "not UTF-8"],
    )
    def test_a_damaged_file_is_left_out_and_the_others_are_read(self, store: FileStateStore, damage: str) -> None:
        store.save(record(1))
        store.save(record(2))
        path = next(path for path in files_of(store) if path.name == "r0002.json")
        path.write_bytes(damage.encode(errors="surrogateescape"))
        assert [found.number for found in store.records()] == [1]

    def test_a_reader_never_sees_half_a_record(self, store: FileStateStore) -> None:
        store.save(record())
        stop = threading.Event()
        writer = threading.Thread(target=lambda: [store.save(record()) for _ in iter(stop.is_set, True)])
        writer.start()
        try:
            assert all(len(store.records()) == 1 for _ in range(200))
        finally:
            stop.set()
            writer.join()


class TestLock:
    @pytest.mark.req("E9")
    def test_of_many_processes_one_wins_and_the_others_learn_its_name(self, store: FileStateStore) -> None:
        """They race for a lock whose holder died: to take over must be as exclusive as to take."""
        dead_holder(store)
        racers = [hold(store, f"racer {number}") for number in range(6)]
        lines = [first_line(racer) for racer in racers]
        winner = lines.index("held")
        assert lines.count("held") == 1
        assert all(f"(process {racers[winner].pid})" in line for line in lines if line != "held")
        assert all(f"racer {winner}" in line for line in lines if line != "held")
        finish(*racers)
        assert store.holder() is None

    def test_the_lock_of_a_killed_process_is_taken(self, store: FileStateStore) -> None:
        killed = hold(store, "killed")
        assert first_line(killed) == "held"
        os.kill(killed.pid, signal.SIGKILL)
        killed.communicate()
        with store.lock("next"):
            assert store.holder().command == "next"

    def test_the_message_says_who_since_when_and_what_to_do(self, store: FileStateStore) -> None:
        other = hold(store, "run --env dev")
        assert first_line(other) == "held"
        with pytest.raises(RefusedError, match="run --env dev") as refused, store.lock("mine"):
            pass
        assert "mldeploy unlock" in refused.value.hint
        assert store.holder().since in refused.value.message
        finish(other)

    def test_a_lease_of_another_host_expires(self, store: FileStateStore) -> None:
        write_holder(store, host="elsewhere", expires=timedelta(seconds=30))
        with pytest.raises(RefusedError, match="elsewhere"), store.lock("mine"):
            pass
        write_holder(store, host="elsewhere", expires=timedelta(seconds=-1))
        with store.lock("mine"):
            assert store.holder().command == "mine"

    @pytest.mark.parametrize("expired", [False, True], ids=["in time", "after a pause"])
    def test_a_living_run_renews_its_lease_and_keeps_its_start(
        self, store: FileStateStore, monkeypatch: pytest.MonkeyPatch, expired: bool
    ) -> None:
        monkeypatch.setattr(state_files, "HEARTBEAT_SECONDS", 0.05)
        with store.lock("mine"):
            since = store.holder().since
            soon = timedelta(seconds=-5 if expired else 5)
            write_holder(store, command="mine", since=since, pid=os.getpid(), expires=soon)
            wait_until(lambda: lease_of(store) > datetime.now(UTC) + timedelta(seconds=60))
            assert store.holder().since == since

    def test_half_a_lock_file_blocks_nobody(self, store: FileStateStore) -> None:
        write_holder(store)
        lock_file(store).write_text('{"who": "some')
        with store.lock("mine"):
            assert store.holder().command == "mine"

    def test_unlock_takes_it_and_the_earlier_holder_does_not_take_it_back(self, store: FileStateStore) -> None:
        other = hold(store, "other")
        assert first_line(other) == "held"
        store.unlock()
        with store.lock("mine"):
            finish(other)
            assert store.holder().command == "mine"

    def test_it_is_free_after_an_error(self, store: FileStateStore) -> None:
        with pytest.raises(ValueError, match="broken"), store.lock("mine"):
            raise ValueError("broken")
        assert store.holder() is None

    def test_a_user_without_a_name_can_hold_it(self, store: FileStateStore, monkeypatch: pytest.MonkeyPatch) -> None:
        def nameless() -> str:
            raise KeyError("getpwuid(): uid not found")

        monkeypatch.setattr(lease.getpass, "getuser", nameless)
        with store.lock("mine"):
            assert store.holder().who


def hold(store: FileStateStore, command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock_file(store).parent), command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def first_line(process: subprocess.Popen[str]) -> str:
    return process.stdout.readline().strip()


def finish(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        process.communicate("\n", timeout=20)


def lock_file(store: FileStateStore) -> Path:
    return store._lock


def files_of(store: FileStateStore) -> list[Path]:
    return list(lock_file(store).parent.iterdir())


def dead_holder(store: FileStateStore) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    write_holder(store, pid=gone.pid)


def write_holder(store: FileStateStore, *, expires: timedelta = timedelta(seconds=60), **values: object) -> None:
    import socket

    until = (datetime.now(UTC) + expires).isoformat(timespec="seconds")
    holder = {"who": "someone", "host": socket.gethostname(), "pid": 1, "command": "run", "since": until}
    lock_file(store).parent.mkdir(exist_ok=True)
    lock_file(store).write_text(json.dumps({**holder, "expires": until, **values}))


def lease_of(store: FileStateStore) -> datetime:
    return datetime.fromisoformat(json.loads(lock_file(store).read_text())["expires"])


def wait_until(condition: object, seconds: float = 10) -> None:
    deadline = datetime.now(UTC) + timedelta(seconds=seconds)
    while not condition():
        assert datetime.now(UTC) < deadline, "it did not happen in time"
        threading.Event().wait(0.02)

"""R23, R25: whatever history source, user, crashes and faults make up: nothing of the user's is lost, all else arrives."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from stash.errors import RefusedError
from stash.processing import schedule
from stash.sync import SyncOptions
from tests.faults.dials import RandomFaults
from tests.faults.life import HASHTAGS, Life
from tests.faults.rig import Template, Victims, killable
from tests.faults.sizes import FEW, SEED, size

if TYPE_CHECKING:
    import pytest

NUMBER = st.integers(0, 40)
TAGS = st.sets(st.sampled_from(HASHTAGS))
TEXT = st.sampled_from(["A walk", "Another walk\nwith more to say", "A very long story " * 12, "Short", ""])


AN_HOUR = timedelta(hours=1)
"""More than a run within a killed process takes, by the clock of its Stash."""

SETTINGS = settings(
    max_examples=size("HISTORIES", 3),
    stateful_step_count=size("HISTORY_STEPS", 25),
    deadline=None,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)


class Histories(RuleBasedStateMachine):
    """Any history of a world; `loop` and `process` (see `victim.py`) are the test's."""

    loop: asyncio.AbstractEventLoop
    process: asyncio.subprocess.Process

    def __init__(self) -> None:
        super().__init__()
        self.kept = TemporaryDirectory()
        self.life = Life(Path(self.kept.name, "life"))
        self.is_killed = False

    def teardown(self) -> None:
        """One clean run ends every history well."""
        if self.life.posts:
            self.sync()
        self.life.rig.stash.close()
        self.kept.cleanup()

    def do(self, what):
        """Have it done."""
        return self.loop.run_until_complete(what)

    @initialize(hashtags=st.sets(st.sampled_from(HASHTAGS), min_size=1), is_synced=st.booleans())
    def begin(self, hashtags, is_synced):
        """There is a post."""
        self.do(self.life.download(2, is_video=True, hashtags=hashtags, text="The first post"))
        if is_synced:
            self.sync()

    @rule(pictures=st.integers(0, 3), is_video=st.booleans(), hashtags=TAGS, text=TEXT)
    def download(self, pictures, is_video, hashtags, text):
        """The source has a post more."""
        if len(self.life.posts) < 8:
            self.do(self.life.download(pictures, is_video=is_video, hashtags=hashtags, text=text))

    @rule(number=NUMBER, text=TEXT)
    def edit(self, number, text):
        """The source has another text."""
        self.life.edit(number, text)

    @rule(number=NUMBER, hashtags=TAGS)
    def hashtag(self, number, hashtags):
        """The source has other hashtags; none goes that a user took off somewhere."""
        self.life.hashtag(number, hashtags | self.life.taken_off())

    @rule(number=NUMBER, which=NUMBER)
    def write(self, number, which):
        """The user writes."""
        self.do(self.life.write(number, which))

    @rule(number=NUMBER, which=NUMBER)
    def add(self, number, which):
        """The user links."""
        self.do(self.life.add(number, which))

    @precondition(lambda self: not self.is_killed)
    @rule(number=NUMBER, which=NUMBER)
    def remove(self, number, which):
        """The user takes a link away."""
        self.do(self.life.remove(number, which))

    @rule(number=NUMBER)
    def organize(self, number):
        """The user is done with something."""
        self.do(self.life.organize(number))

    @rule(number=NUMBER)
    def collect(self, number):
        """The user makes a gallery."""
        self.do(self.life.collect(number))

    @precondition(lambda self: not self.is_killed)
    @rule(number=NUMBER)
    def delete(self, number):
        """The user deletes something that a run has noted."""
        self.do(self.life.delete(number))

    @rule()
    def restart(self):
        """Stash starts anew."""
        self.life.restart()

    @rule(host=st.sampled_from(["embedded.test", "127.0.0.1:9999", "stash"]))
    def move(self, host):
        """Stash has another address."""
        self.life.url = f"http://{host}"

    @precondition(lambda self: not self.is_killed)
    @rule()
    def back_up(self):
        """The user makes a backup of Stash."""
        self.life.back_up()

    @precondition(lambda self: self.life.backup is not None and not self.is_killed)
    @rule()
    def restore(self):
        """The backup is put back, and a run is told so where it says that anything is lost."""
        self.life.restore()
        outcome = self.do(self.life.sync())
        if outcome.exit_code == RefusedError.exit_code:
            assert "--restored" in str(outcome.error)
            assert self.life.rig.mutations == 0
            outcome = self.do(self.life.sync(options=SyncOptions(is_restored=True)))
        assert outcome.exit_code == 0, outcome
        self.sync()

    @rule(seed=st.integers(0, 10_000))
    def sync_with_faults(self, seed):
        """A run among faults ends well or says to run again."""
        outcome = self.do(self.life.sync(RandomFaults(seed, 0.3)))
        assert outcome.exit_code in {0, 5}, outcome
        self.is_killed = outcome.exit_code != 0

    @rule(point=st.integers(1, 25), moment=st.sampled_from(["before-send", "after-reply", "after-record"]))
    def crash(self, point, moment):
        """A run is killed, or comes to its end before that."""
        life = self.life
        life.rig.stash.close()
        state = life.folder / "stash.sqlite"
        victims = Victims(self.process, Template(life.folder, life.downloads, life.database, state))
        ended = self.do(victims.run(life.folder, f"{point}:{moment}", now=life.clock.moment.isoformat()))
        life.clock.moment += AN_HOUR
        life.restart()
        self.is_killed = ended["signal"] is not None
        assert self.is_killed or ended["exit_code"] == 0

    @rule()
    def sync(self):
        """A run ends well, the next ones have nothing to do, and all is as a fresh one would have it, but for the user's.

        The first looks at what may have changed, and the last at everything.
        """
        outcome = self.do(self.life.sync())
        assert outcome.exit_code == 0, outcome
        self.life.rig.asked.clear()
        assert self.do(self.life.sync()).exit_code == 0
        assert self.do(self.life.sync(options=SyncOptions(is_full=True))).exit_code == 0
        assert self.life.rig.mutations == 0
        assert self.do(self.life.differences()) == []
        self.is_killed = False

    @invariant()
    def nothing_of_the_users_is_lost(self):
        """Never."""
        if self.life.posts:
            assert self.do(self.life.wrongs()) == []


def test_r25_any_history(monkeypatch: pytest.MonkeyPatch) -> None:
    """Edits, downloads, users at work, crashes, faults and restarts, in any order: see the rules above."""
    monkeypatch.setattr(schedule, "FIRST_BATCH", FEW)
    monkeypatch.setattr(schedule, "MAX_BATCH", FEW)
    with asyncio.Runner() as runner:
        Histories.loop = runner.get_loop()
        process = killable()
        Histories.process = runner.run(anext(process))
        machine = seed(SEED)(Histories)
        run_state_machine_as_test(machine, settings=SETTINGS)
        runner.run(process.aclose())

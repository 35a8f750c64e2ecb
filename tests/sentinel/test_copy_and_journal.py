"""What a sentinel keeps on disk: nobody else reads it, and no crash spoils it."""

from datetime import timedelta

import pytest

from incidents.sentinel.journal import Journal, Rang
from incidents.sentinel.kept import NoCopy, read, write
from incidents.vault.keys import add_kek
from tests.factories import make_keyring
from tests.sentinel.conftest import FIRST, MADE, SECOND, after, alarm, kept


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sentinel" / "copy.sealed"


def test_a_copy_is_read_as_it_was_written(path, keyring):
    made = kept(alarm(5), alarm(65))
    write(path, keyring, made)
    assert read(path, keyring) == made


def test_nobody_else_may_read_a_copy_and_it_shows_nothing_of_anybody(path, keyring):
    write(path, keyring, kept(alarm(5)))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0
    text = path.read_text()
    assert not any(secret in text for secret in ("ada@", "+1202", "Ada", "INC-2026"))
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_copy_opens_after_the_keys_were_rotated_and_not_with_others(path, keyring, tmp_path):
    write(path, keyring, kept(alarm(5)))
    assert read(path, add_kek(tmp_path / "keys")).alarms
    with pytest.raises(NoCopy):
        read(path, make_keyring(tmp_path / "other keys"))


@pytest.mark.parametrize("spoil", [b"", b"{}", b"not json", b'{"made_at": "x"}'])
def test_a_copy_that_was_spoiled_is_no_copy(path, keyring, spoil):
    write(path, keyring, kept(alarm(5)))
    path.write_bytes(spoil)
    with pytest.raises(NoCopy):
        read(path, keyring)
    path.unlink()
    with pytest.raises(NoCopy, match="never reached"):
        read(path, keyring)


def test_a_changed_copy_is_refused(path, keyring):
    write(path, keyring, kept(alarm(5)))
    text = path.read_text()
    end = text.rindex('"')
    other = "A" if text[end - 6] != "A" else "B"
    path.write_text(text[: end - 6] + other + text[end - 5 :])
    with pytest.raises(NoCopy):
        read(path, keyring)


def test_a_copy_with_the_wrong_mode_rings_all_the_same(path, keyring):
    write(path, keyring, kept(alarm(5)))
    path.chmod(0o644)
    assert read(path, keyring).alarms


def test_where_the_rota_has_a_gap_everybody_is_on_duty():
    made = kept(alarm(5))
    assert made.on_duty(MADE) == (FIRST, SECOND)
    assert made.on_duty(MADE + timedelta(days=30)) == (FIRST, SECOND)


def test_clocks_that_ran_out_are_counted():
    assert [kept().overdue(after(minutes)) for minutes in (59, 60)] == [0, 1]


def rang(**changes) -> Rang:
    values = {"at": MADE, "incident": "INC-2026-0001", "mode": "live", "user_id": "u1"}
    more = {"level": 0, "alarms": ("a", "b"), "outcomes": {"email": "accepted"}}
    return Rang(**values | more | changes)


def test_a_journal_keeps_each_page_until_the_database_knows_of_it(journal):
    first, second = rang(), rang(user_id="u2")
    assert journal.read() == []
    journal.write(first)
    journal.write(second)
    assert Journal(journal.path).read() == [first, second]
    assert journal.path.stat().st_mode & 0o777 == 0o600
    journal.forget({first.id})
    assert journal.read() == [second]
    journal.forget({second.id, "unknown"})
    assert journal.read() == []


def test_a_line_that_was_cut_short_spoils_no_other(journal):
    first, second = rang(), rang(user_id="u2")
    journal.write(first)
    with journal.path.open("ab") as file:
        file.write(b'{"at": "2026-03-0')
    journal.write(second)
    assert journal.read() == [first, second]

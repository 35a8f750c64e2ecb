"""Keys: made once, readable by their owner only, and gone when they are destroyed."""

import stat
from threading import Thread

import pytest

from incidents.database.data_keys import data_keys_of
from incidents.vault.data_keys import ORGANISATION, data_key, data_key_of, destroy, rewrap
from incidents.vault.errors import KeyDestroyed, KeyFileExposed, KeyMissing, Unreadable
from incidents.vault.keys import DataKey, KeyRing, add_kek, derive, new_secret
from incidents.vault.sealed import key_id_of, seal, unseal
from incidents.vault.signing import SigningKey
from tests.factories import TOCSIN, uuid7

PLACE = {"table": "recipient", "field": "contact"}


def test_keys_are_made_once_and_for_their_owner_only(tmp_path):
    folder = tmp_path / "keys"
    ring, signer = KeyRing.load_or_create(folder), SigningKey.load_or_create(folder)
    assert KeyRing.load_or_create(folder).ids == ring.ids
    assert SigningKey.load_or_create(folder).public_key == signer.public_key
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o660])
def test_a_key_file_that_others_may_read_is_refused(tmp_path, mode):
    KeyRing.load_or_create(tmp_path)
    SigningKey.load_or_create(tmp_path)
    for file in tmp_path.iterdir():
        file.chmod(mode)
    with pytest.raises(KeyFileExposed, match="chmod 600"):
        KeyRing.load_or_create(tmp_path)
    with pytest.raises(KeyFileExposed):
        SigningKey.load_or_create(tmp_path)


def test_processes_that_start_together_agree_on_the_keys(tmp_path):
    found = []
    starts = [
        Thread(target=lambda: found.append(KeyRing.load_or_create(tmp_path / "keys").active_id))
        for _ in range(8)
    ]
    for start in starts:
        start.start()
    for start in starts:
        start.join()
    assert len(set(found)) == 1
    assert len(list((tmp_path / "keys").iterdir())) == 1


def test_a_ring_without_whole_keys_is_refused():
    for text in ("", "k1 c2hvcnQ=\n"):
        with pytest.raises(KeyMissing):
            KeyRing.parse(text)


def test_no_key_shows_in_a_repr(tmp_path):
    key = DataKey(uuid7(), uuid7(), "recipients", new_secret())
    assert key.secret.hex() not in repr(key)
    assert repr(key.secret) not in repr(key)


def test_derived_keys_tell_nothing_of_one_another():
    secret = new_secret()
    keys = {derive(secret, "a"), derive(secret, "b"), derive(secret, "a", "b"), secret}
    assert len(keys) == 4
    assert derive(secret, "a") == derive(secret, "a")


def test_a_data_key_is_made_at_the_first_call_and_kept(office):
    incident_id = uuid7()
    with office.work(TOCSIN) as work:
        first = data_key(work.session, work.keyring, incident_id)
        other = data_key(work.session, work.keyring, incident_id, "narrative")
    elsewhere = KeyRing.load_or_create(office.settings.data_folder / "keys")
    with office.work(TOCSIN) as work:
        again = data_key(work.session, elsewhere, incident_id)
        assert (again.id, again.secret) == (first.id, first.secret)
        assert data_key_of(work.session, elsewhere, other.id).purpose == "narrative"
        organisation = data_key(work.session, elsewhere, ORGANISATION, "webhooks")
    assert len({first.secret, other.secret, organisation.secret}) == 3


def test_two_writers_get_the_same_key(office):
    incident_id, found = uuid7(), []

    def write():
        with office.work(TOCSIN) as work:
            found.append(data_key(work.session, work.keyring, incident_id).secret)

    writers = [Thread(target=write) for _ in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(found) == 6
    assert len(set(found)) == 1


def test_a_key_that_was_rolled_back_is_never_used_again(office):
    incident_id = uuid7()
    work = office.work(TOCSIN)
    lost = data_key(work.session, work.keyring, incident_id)
    work.close()
    with office.work(TOCSIN) as work:
        assert data_key(work.session, work.keyring, incident_id).id != lost.id


def test_a_destroyed_key_leaves_its_data_unreadable_for_every_process(office):
    incident_id, row_id = uuid7(), uuid7()
    elsewhere = KeyRing.load_or_create(office.settings.data_folder / "keys")
    with office.work(TOCSIN) as work:
        key = data_key(work.session, work.keyring, incident_id)
        blob = seal(key, row_id=row_id, incident_id=incident_id, plaintext=b"x", **PLACE)
        data_key(work.session, elsewhere, incident_id)
    with office.work(TOCSIN) as work:
        assert destroy(work.session, work.keyring, incident_id, work.now) == [key.id]
        assert destroy(work.session, work.keyring, incident_id, work.now) == []
    with office.look(TOCSIN) as work:
        (row,) = data_keys_of(work.session, incident_id)
        assert (row.wrapped, row.destroyed_at) == (None, work.now)
        for ring in (work.keyring, elsewhere):
            with pytest.raises(KeyDestroyed, match="nobody can read it"):
                data_key(work.session, ring, incident_id)
            with pytest.raises(KeyDestroyed):
                data_key_of(work.session, ring, key_id_of(blob))


def test_a_wrapped_key_does_not_open_in_anothers_place(office):
    one, other = uuid7(), uuid7()
    with office.work(TOCSIN) as work:
        for incident_id in (one, other):
            data_key(work.session, work.keyring, incident_id)
        (from_row,), (to_row,) = (data_keys_of(work.session, id_) for id_ in (one, other))
        to_row.wrapped = from_row.wrapped
    elsewhere = KeyRing.load_or_create(office.settings.data_folder / "keys")
    with office.look(TOCSIN) as work, pytest.raises(Unreadable):
        data_key(work.session, elsewhere, other)


def test_a_new_kek_takes_over_and_what_the_old_one_wrapped_still_opens(office):
    folder, incident_id, row_id = office.settings.data_folder / "keys", uuid7(), uuid7()
    with office.work(TOCSIN) as work:
        key = data_key(work.session, work.keyring, incident_id)
        blob = seal(key, row_id=row_id, incident_id=incident_id, plaintext=b"kept", **PLACE)
    ring = add_kek(folder)
    with office.work(TOCSIN) as work:
        assert rewrap(work.session, ring) == 1
        assert rewrap(work.session, ring) == 0
    newest = (folder / "kek.keys").read_text().splitlines()[-1]
    with office.look(TOCSIN) as work:
        key = data_key(work.session, KeyRing.parse(newest), incident_id)
        opened = unseal(key, row_id=row_id, incident_id=incident_id, blob=blob, **PLACE)
        assert opened == b"kept"
        with pytest.raises(KeyMissing, match="not in the key ring"):
            data_key(work.session, KeyRing.parse(f"other {newest.split()[1]}"), incident_id)

"""What a session logs in with is sealed for that session alone, and opens with any key of the settings."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import SecretStr

from waypost_common.device_keys import (
    DamagedDeviceKeysError,
    Keyring,
    SealedKeys,
    UnknownDeviceKeyError,
    key_id,
    new_device_key,
    required_keyring,
)
from waypost_common.identifiers import OrganizationId, SessionId
from waypost_common.settings import DeviceBlock

SESSION, ORGANIZATION = SessionId("ses_1"), OrganizationId("org_1")
KEY, OLDER = bytes(range(32)), bytes(range(32, 64))

keys_to_seal = st.binary(max_size=2_000)
names = st.text(max_size=20)
whole_keys = st.binary(min_size=32, max_size=32)


@given(whole_keys, names, names, keys_to_seal)
def test_what_is_sealed_opens_again(key: bytes, session: str, organization: str, keys: bytes) -> None:
    keyring = Keyring([key])
    of = SessionId(session), OrganizationId(organization)
    assert keyring.open(*of, keyring.seal(*of, keys)) == keys


@given(names, names, names, names)
def test_what_is_sealed_opens_for_no_other_session_or_organization(
    session: str, organization: str, other_session: str, other_organization: str
) -> None:
    assume((session, organization) != (other_session, other_organization))
    keyring = Keyring([KEY])
    sealed = keyring.seal(SessionId(session), OrganizationId(organization), b"secret")
    with pytest.raises(DamagedDeviceKeysError):
        keyring.open(SessionId(other_session), OrganizationId(other_organization), sealed)


@given(st.data(), keys_to_seal)
def test_a_flipped_bit_is_noticed(data: st.DataObject, keys: bytes) -> None:
    keyring = Keyring([KEY])
    sealed = keyring.seal(SESSION, ORGANIZATION, keys)
    changed = bytearray(sealed["nonce"] + sealed["data"])
    bit = data.draw(st.integers(0, len(changed) * 8 - 1))
    changed[bit // 8] ^= 1 << bit % 8
    flipped = SealedKeys(keyId=sealed["keyId"], nonce=bytes(changed[:12]), data=bytes(changed[12:]))
    with pytest.raises(DamagedDeviceKeysError):
        keyring.open(SESSION, ORGANIZATION, flipped)


@given(st.lists(whole_keys, min_size=2, max_size=5, unique=True), keys_to_seal)
def test_keys_sealed_before_a_rotation_open_after_it(all_keys: list[bytes], keys: bytes) -> None:
    newest, *older = all_keys
    sealed = Keyring(older).seal(SESSION, ORGANIZATION, keys)
    rotated = Keyring(all_keys)
    assert rotated.open(SESSION, ORGANIZATION, sealed) == keys
    assert rotated.seal(SESSION, ORGANIZATION, keys)["keyId"] == rotated.current == key_id(newest)


def test_a_key_that_was_dropped_is_named_with_what_to_do() -> None:
    sealed = Keyring([OLDER]).seal(SESSION, ORGANIZATION, b"secret")
    with pytest.raises(UnknownDeviceKeyError, match=rf"{key_id(OLDER)}.*has {key_id(KEY)}.*add that key"):
        Keyring([KEY]).open(SESSION, ORGANIZATION, sealed)


@pytest.mark.parametrize(
    "sealed",
    [
        None,
        {},
        {"keyId": key_id(KEY), "nonce": b"", "data": b"0" * 20},
        {"keyId": key_id(KEY), "nonce": b"0" * 12, "data": b""},
        {"keyId": key_id(KEY), "nonce": "0" * 12, "data": b"0" * 20},
        {"keyId": 1, "nonce": b"0" * 12, "data": b"0" * 20},
    ],
)
def test_what_has_not_the_form_of_sealed_keys_counts_as_damaged(sealed: SealedKeys) -> None:
    with pytest.raises(DamagedDeviceKeysError, match=r"ses_1.*restore them from a backup"):
        Keyring([KEY]).open(SESSION, ORGANIZATION, sealed)


def test_the_same_keys_are_sealed_differently_each_time() -> None:
    keyring = Keyring([KEY])
    seals = [keyring.seal(SESSION, ORGANIZATION, b"secret") for _ in range(100)]
    assert len({sealed["nonce"] for sealed in seals}) == len({sealed["data"] for sealed in seals}) == 100
    assert all(b"secret" not in sealed["data"] for sealed in seals)


def test_what_was_sealed_by_an_earlier_version_opens() -> None:
    sealed = SealedKeys(keyId=key_id(KEY), nonce=bytes(12), data=bytes.fromhex("0a2fdbdc55b8b61fa3cd251891a269bc1fcd0c7e32d4"))
    assert Keyring([KEY]).open(SESSION, ORGANIZATION, sealed) == b"secret"


def test_nothing_that_is_printed_shows_a_key() -> None:
    text = new_device_key()
    block = DeviceBlock(keys=SecretStr(text))
    keyring = Keyring.from_settings(block)
    assert keyring is not None
    printed = f"{block!r} {block} {keyring!r} {keyring} {block.model_dump_json()}"
    assert text not in printed
    assert all(key.hex() not in printed and repr(key)[2:-1] not in printed for key in block.decoded())


@pytest.mark.parametrize("keys", [[], [b"short"], [KEY, KEY[:-1]]])
def test_a_keyring_takes_whole_keys_alone(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Keyring(keys)


def test_a_new_key_is_one_that_the_settings_take() -> None:
    (key,) = DeviceBlock(keys=SecretStr(new_device_key())).decoded()
    assert len(key) == 32


def test_keys_of_the_settings_keep_their_order_and_may_have_padding_and_spaces() -> None:
    first, second = new_device_key(), new_device_key()
    block = DeviceBlock(keys=SecretStr(f" {first}= , {second},{first}"))
    assert block.decoded() == (*DeviceBlock(keys=SecretStr(first)).decoded(), *DeviceBlock(keys=SecretStr(second)).decoded())


def test_a_program_that_needs_a_key_and_has_none_ends_with_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        required_keyring(DeviceBlock(), "waypost-unit")
    assert end.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("waypost-unit: WAYPOST_DEVICES_KEYS is not set")
    assert "waypost devices new-key" in line


def test_a_program_that_needs_a_key_and_has_one_gets_it() -> None:
    assert required_keyring(DeviceBlock(keys=SecretStr(new_device_key())), "waypost-unit").key_ids

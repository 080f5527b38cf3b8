"""What `waypost devices new-key` says of where its key goes."""

from typer.testing import CliRunner

from waypost_store.cli.devices import devices, new_key


def test_a_new_key_is_put_behind_the_others_first() -> None:
    result = CliRunner().invoke(devices, ["new-key"])
    assert result.exit_code == 0
    assert "put it behind them" in result.output
    assert "in front only once every connector has been restarted with it" in result.output


def test_the_example_adds_a_new_key_behind_the_old_ones() -> None:
    assert '"$WAYPOST_DEVICES_KEYS,$(waypost devices new-key)"' in (new_key.__doc__ or "")

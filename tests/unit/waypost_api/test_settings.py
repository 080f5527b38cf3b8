import pytest
from pydantic import ValidationError

from waypost_api.settings import ApiSettings


def test_settings_come_from_the_environment_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "HTTP_HOST": "0.0.0.0",
        "HTTP_PORT": "9000",
        "HTTP_MAX_BODY_BYTES": "2048",
        "CURSOR_SECRET": "sixteen characters",
        "JWT_JWKS_URL": "https://login/jwks",
        "JWT_ISSUER": "https://login",
        "JWT_AUDIENCE": "waypost",
        "JWT_ORGANIZATION_CLAIM": "tenant",
        "KAFKA_TOPIC_PREFIX": "x.",
        "COMMANDS_DEADLINE_MS": "500",
    }.items():
        monkeypatch.setenv(f"WAYPOST_{name}", value)
    settings = ApiSettings()
    assert (settings.http.host, settings.http.port, settings.http.max_body_bytes) == ("0.0.0.0", 9000, 2048)
    assert settings.cursor.secret is not None
    assert settings.cursor.secret.get_secret_value() == "sixteen characters"
    assert (settings.jwt.jwks_url, settings.jwt.organization_claim) == ("https://login/jwks", "tenant")
    assert (settings.kafka.topic_prefix, settings.commands.deadline_ms) == ("x.", 500)
    assert "sixteen" not in repr(settings)


def test_login_keys_without_issuer_and_audience_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYPOST_JWT_JWKS_URL", "https://login/jwks")
    with pytest.raises(ValidationError, match="WAYPOST_JWT_ISSUER"):
        ApiSettings()


def test_a_key_is_never_cached_for_more_than_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYPOST_CACHE_API_KEY_MS", "2001")
    with pytest.raises(ValidationError):
        ApiSettings()


def test_allowed_origins_are_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ApiSettings().http.allowed_origins == ()
    monkeypatch.setenv(
        "WAYPOST_HTTP_CORS_ORIGINS", "https://a.example, http://localhost:5173 ,http://[::1]:8080,https://a.example"
    )
    assert ApiSettings().http.allowed_origins == ("https://a.example", "http://localhost:5173", "http://[::1]:8080")


@pytest.mark.parametrize(
    "text",
    ["app.example.com", "https://a.example/", "https://A.example", "https://*.example", "https://a.example,*", "null", "ftp://a"],
)
def test_what_no_browser_would_send_is_no_origin(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("WAYPOST_HTTP_CORS_ORIGINS", text)
    with pytest.raises(ValidationError, match=r"origins like https://app\.example\.com"):
        ApiSettings()

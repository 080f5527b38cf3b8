import shlex

from waypost_local.welcome import commands


def test_every_printed_command_is_curl_with_the_key_and_a_full_address() -> None:
    lines = commands("http://127.0.0.1:8080", "wa_key", "sess_1", "62812@s.whatsapp.net")
    words = [shlex.split(line) for line in lines]
    assert len(lines) == 4
    assert all(word[0] == "curl" and "Authorization: Bearer wa_key" in word for word in words)
    assert words[2][-1] == "http://127.0.0.1:8080/api/v1/sessions/sess_1/chats/62812%40s.whatsapp.net/messages?limit=3"


def test_without_a_chat_only_what_works_is_printed() -> None:
    assert len(commands("http://127.0.0.1:8080", "wa_key", None, None)) == 1
    assert len(commands("http://127.0.0.1:8080", "wa_key", "sess_1", None)) == 2

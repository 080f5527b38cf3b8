"""The page as it is served: its headers, its caching, and what its files may not hold."""

import re
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

import waypost_api.console
from waypost_api.console.files import console_files
from waypost_api.console.routes import CONSOLE_ROUTES
from waypost_api.error_responses import render_exception
from waypost_common.errors import WaypostError

STATIC = Path(waypost_api.console.__file__).parent / "static"
FILES = sorted(STATIC.iterdir())
IMPORTS = {file.name: re.findall(r'from "\./([^"]+)"', file.read_text()) for file in FILES if file.suffix == ".js"}
MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|srcdoc|setHTML")
KEPT = re.compile(r"localStorage|sessionStorage|indexedDB|document\.cookie|caches\.|serviceWorker|sendBeacon")
ELSEWHERE = re.compile(r"https?://(?!www\.w3\.org/2000/svg)")


@pytest.fixture
def client() -> httpx.AsyncClient:
    app = Starlette(routes=CONSOLE_ROUTES, exception_handlers={WaypostError: render_exception})
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://console")


def address(name: str) -> str:
    return f"/console/assets/{console_files().version}/{name}"


async def test_the_page_is_served_with_a_policy_that_lets_nothing_in_from_elsewhere(client: httpx.AsyncClient) -> None:
    answer = await client.get("/console")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    policy = answer.headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"} <= set(policy)
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in answer.headers


async def test_the_page_is_asked_for_again_and_not_sent_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/console")
    assert first.headers["cache-control"] == "no-cache"
    again = await client.get("/console", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_what_the_page_names_is_there_and_kept_for_ever(client: httpx.AsyncClient) -> None:
    named = re.findall(r'(?:src|href)="(console/[^"]+)"', (await client.get("/console")).text)
    assert len(named) == 2
    for name in named:
        answer = await client.get(f"/{name}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize("module", IMPORTS)
async def test_what_a_module_imports_is_served_as_a_script(client: httpx.AsyncClient, module: str) -> None:
    for name in [module, *IMPORTS[module]]:
        answer = await client.get(address(name))
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/javascript; charset=utf-8")


@pytest.mark.parametrize("path", ["/console/assets/0123456789abcdef/main.js", address("none.js"), address("..%2ffiles.py")])
async def test_another_version_and_what_is_no_file_of_the_page_is_404(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


async def test_the_address_with_a_slash_leads_to_the_page(client: httpx.AsyncClient) -> None:
    answer = await client.get("/console/")
    assert (answer.status_code, answer.headers["location"]) == (307, "../console")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_no_file_makes_markup_of_text_keeps_anything_or_asks_elsewhere(file: Path) -> None:
    text = file.read_text()
    for forbidden in (MARKUP, KEPT, ELSEWHERE):
        assert not forbidden.search(text)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_file_is_small(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= 300


def test_the_page_has_no_script_or_style_of_its_own() -> None:
    text = (STATIC / "index.html").read_text()
    assert not re.search(r"<style|style=|\son\w+=|<script(?![^>]*\ssrc=)", text)

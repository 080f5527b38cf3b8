"""Helm's shared library in a process of its own: `python -m tests.helm.library LIBRARY < request > answer`, both JSON.

A request is {"do": "template" or "install" or "lint", "chart", "values": the path of a file, "kubernetes": a version}, the answer
{"output", "error"}. `install` is a dry run without a cluster, which tells the notes.
"""

import ctypes
import json
import sys
from typing import Any

TEXT = ctypes.c_char_p
NUMBER = ctypes.c_int
RELEASE, NAMESPACE = b"trial", b"messages"


class Result(ctypes.Structure):
    _fields_ = [(name, TEXT) for name in ("out", "err", "stdOut", "stdErr")]


def fields(*names: str) -> list[tuple[str, Any]]:
    """As in the library's header file: numbers are marked with #."""
    return [(name.removesuffix("#"), NUMBER if name.endswith("#") else TEXT) for name in names]


class TemplateOptions(ctypes.Structure):
    _fields_ = fields(
        *("name", "version", "chart", "namespace", "kubeVersion", "dependencyUpdate#", "skipCRDs#", "values", "setFiles"),
        *("valuesFiles", "certFile", "keyFile", "caFile", "insecureSkipTlsVerify#", "plainHttp#", "keyring", "debug#"),
        "repositoryConfig",
    )


class InstallOptions(ctypes.Structure):
    _fields_ = fields(
        *("name", "generateName#", "nameTemplate", "version", "chart", "namespace", "kubeVersion", "atomic#", "createNamespace#"),
        *("description", "devel#", "dependencyUpdate#", "disableOpenApiValidation#", "dryRun#", "dryRunOption", "skipCRDs#"),
        *("wait#", "timeout#", "values", "setFiles", "valuesFiles", "kubeConfig", "kubeConfigContents", "certFile", "keyFile"),
        *("caFile", "insecureSkipTlsVerify#", "plainHttp#", "keyring", "debug#", "clientOnly#", "repositoryConfig"),
    )


class LintOptions(ctypes.Structure):
    _fields_ = fields("path", "strict#", "quiet#")


def answer(library: ctypes.CDLL, request: dict[str, str]) -> dict[str, str]:
    chart = request["chart"].encode()
    common = {
        "name": RELEASE,
        "namespace": NAMESPACE,
        "chart": chart,
        "kubeVersion": request["kubernetes"].encode(),
        "valuesFiles": request["values"].encode(),
    }
    for name in ("Template", "Install", "Lint"):
        getattr(library, name).restype = Result
    match request["do"]:
        case "template":
            result = library.Template(ctypes.byref(TemplateOptions(**common)))
        case "install":
            result = library.Install(ctypes.byref(InstallOptions(**common, dryRun=1, clientOnly=1, debug=1)))
        case _:
            result = library.Lint(ctypes.byref(LintOptions(path=chart, strict=1)))
    return {"output": (result.out or b"").decode(), "error": (result.err or b"").decode()}


if __name__ == "__main__":
    json.dump(answer(ctypes.CDLL(sys.argv[1]), json.load(sys.stdin)), sys.stdout)

"""What a run came to, as JSON and back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.measurement import Measurement, Of, Wanted

FORMAT: Final = 1


@dataclass(frozen=True)
class Report:
    machine: Mapping[str, Any]
    quick: bool
    measurements: Sequence[Measurement]
    seconds: float
    """That all of it took."""

    def to_json(self) -> str:
        body = {
            "format": FORMAT,
            "quick": self.quick,
            "seconds": round(self.seconds, 1),
            "machine": dict(self.machine),
            "measurements": [_to_json(one) for one in self.measurements],
        }
        return json.dumps(body, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "Report":
        """Raises ValueError for what `to_json` of this version did not write."""
        body = json.loads(text)
        if not isinstance(body, dict) or body.get("format") != FORMAT:
            raise ValueError("that is no report of this version of the benchmarks: run `make bench` again")
        measured = [_from_json(one) for one in body["measurements"]]
        return cls(body["machine"], body["quick"], measured, body["seconds"])


def _to_json(one: Measurement) -> dict[str, Any]:
    wanted = one.wanted
    return {
        "row": one.row,
        "what": one.what,
        "unit": one.unit,
        "ours": one.own,
        "reference": one.of_reference,
        "ratio": one.ratio,
        "reached": one.reached,
        "referenceName": one.reference_name,
        "wanted": None if wanted is None else {"bound": wanted.bound, "of": wanted.of.value, "atLeast": wanted.at_least},
        "runs": {"ours": list(one.ours), "reference": list(one.reference)},
        "notes": list(one.notes),
    }


def _from_json(body: Mapping[str, Any]) -> Measurement:
    wanted = body["wanted"]
    return Measurement(
        row=body["row"],
        what=body["what"],
        unit=body["unit"],
        ours=body["runs"]["ours"],
        reference=body["runs"]["reference"],
        reference_name=body["referenceName"],
        wanted=None if wanted is None else Wanted(wanted["bound"], Of(wanted["of"]), wanted["atLeast"]),
        notes=body["notes"],
    )

"""Measurements as a run would have made them."""

from benchmarks.measurement import Measurement, ratio_of, up_to

FASTER = Measurement(
    row="ingest",
    what="mixed history",
    unit="events/s",
    ours=[300.0, 100.0, 330.0],
    reference=[200.0, 100.0, 150.0],
    reference_name="sink & co",
    wanted=ratio_of(1.5),
    notes=("CPU was short",),
)
SLOW = Measurement(row="change", what="PATCH chat", unit="ms", ours=[20.0], wanted=up_to(15))
SHOWN = Measurement(row="drivers", what="PyMongo", unit="ms", ours=[2.0], reference=[4.0], reference_name="Motor")
NOT_MEASURED = Measurement(row="memory", what="resident memory", unit="MB", ours=(), wanted=up_to(120), notes=("it broke",))
EACH_KIND = (FASTER, SLOW, SHOWN, NOT_MEASURED)

"""The naive reference model of the event log, written from the event catalogue alone, and histories to try it with.

Nothing here imports the product: the model and the folds must be able to disagree.
"""

from .model import ReferenceModel
from .records import Outcome, Record
from .story import Story

__all__ = ["Outcome", "Record", "ReferenceModel", "Story"]

"""CDNOW's purchases as the published fits take them: 39 weeks to calibrate, 39 held out."""

from datetime import date

from retention_kit import open_dataset
from retention_kit.measures.purchase_summary import purchase_summary


def summary():
    return purchase_summary(open_dataset("cdnow"), calibration_end=date(1997, 9, 30))

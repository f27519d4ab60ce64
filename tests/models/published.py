"""Counts that others have published, and their models."""

from retention_kit.models.renewals import RenewalCounts

# Fader and Hardie (2007), Journal of Interactive Marketing 21(1), 76-90: survivors of 1,000
# customers after 0, 1, ..., 12 years. The shifted beta-geometric is fitted to years 0 to 7.
HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491, 468, 445, 427, 409, 394]
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241, 223, 207, 194, 183, 173]
YEARS = 8


def counts_of(survivors, years=YEARS):
    return RenewalCounts.of_survivors(survivors[:years], unit="year")

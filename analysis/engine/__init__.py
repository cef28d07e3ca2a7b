"""The engine: from bars to signals, score, verdict, plan and reasons. Pure functions over arrays.

An `Indicator` turns bars into a value and a signal a session: +1, 0 or -1, or unavailable. A `Strategy` weighs
indicators in groups; the score is the mean of the groups' weighted mean signals, and a `Verdict` is the name of its
band. Prices that differ by less than a tolerance count as equal.
"""

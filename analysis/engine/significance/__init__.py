"""Significance: whether the signals of a strategy did better than entering the same stocks on any other day.

Pure numpy over matrices of many stocks on one calendar: `outcomes` and `matrix` make them, `by_date` and `rotation`
test them, `family` judges what was looked at together; `overfitting` compares variants, `calibration` judges verdicts.
"""

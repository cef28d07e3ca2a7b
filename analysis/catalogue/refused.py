"""Refused: the functions of pandas-ta 0.4.71b0 that are not on offer, with reasons. The tests prove each reason."""

REFUSED = {
    "cdl_pattern": "sixty-two columns of flags, and nothing to draw as a line",
    "eom": "a session without volume leaves it without a value for ever after",
    "kst": "a hundred times the published value: rates in percent are multiplied by 100 again",
    "long_run": "compares two series that somebody would have to give; it knows no bars",
    "psar": "takes other sides than Wilder’s rules; the engine’s Parabolic SAR is TA-Lib’s",
    "short_run": "compares two series that somebody would have to give; it knows no bars",
    "tos_stdevall": "one regression over the whole history: every value changes with each new session",
    "vhm": "divides by the deviation of all volumes, later ones included, around a length instead of their mean",
    "vidya": "starts at zero and takes hundreds of sessions to reach the price",
    "zigzag": "looks ahead: a turn is drawn back to where nobody could have known it",
}

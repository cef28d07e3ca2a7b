"""Prices: the sources of daily bars, their quality, and the sessions that they should reach.

`PriceSource.fetch_daily(tickers, since)` returns one `History` or one `PriceError` per ticker; it raises nothing for
the batch and never falls back to another source. A history holds the bars as the source had them. They are stored like
that (`pack_bars`) and pass the quality gate (`check_bars`) before every use: it repairs errors, drops the session that
has not closed, and reports repairs and suspicions as findings. `SourceOrder` has the sources of a ticker.

`refresh_histories` updates stored histories with as few requests as possible; a `Pacer` permits each request to Yahoo
by the rules in `pace`.
"""

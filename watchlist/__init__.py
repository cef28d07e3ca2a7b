"""Watchlists: a user's lists of stocks, their page, import and export."""

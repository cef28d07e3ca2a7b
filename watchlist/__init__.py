"""What a user watches: lists of stocks, the page, import and export."""

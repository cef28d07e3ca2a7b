"""What an analysis of a stock is, and how one happens."""

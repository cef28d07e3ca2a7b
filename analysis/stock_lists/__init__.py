"""Stock lists: the stock directory, loaded from files, from Yahoo's listing or from the demo market."""

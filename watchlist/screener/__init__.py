"""The screener: every analysed stock, filtered and sorted; saved screens, files, and adding stocks to lists."""

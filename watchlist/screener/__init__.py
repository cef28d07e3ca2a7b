"""The screener: every analysed stock, filtered, sorted, kept as screens, exported and put on lists."""

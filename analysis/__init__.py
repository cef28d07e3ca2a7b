"""Analysis: the assessment of stocks from daily prices, the jobs that run it, and the pages that show it."""

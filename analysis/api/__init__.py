"""API of the analysis: stocks, results, jobs, screener and track record as JSON; mounted by the project."""

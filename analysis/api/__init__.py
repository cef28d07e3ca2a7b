"""The analysis for programs: stocks, results, jobs, screener and track record as JSON; mounted by the project."""

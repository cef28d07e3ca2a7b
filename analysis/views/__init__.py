"""Views of the analysis: stocks, their charts, jobs."""

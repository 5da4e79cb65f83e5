"""The pages and the HTTP API: a shell around the assessment that keeps nothing of what it is shown."""

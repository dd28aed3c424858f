"""Real servers, data sets and checks for the integration tests: see ../README.md."""

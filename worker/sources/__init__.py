"""Sources: they bring an object's files to a local folder, and the fetcher verifies them."""

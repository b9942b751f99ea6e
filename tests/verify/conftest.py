"""What pytest looks at here."""

# Hundreds of folders with services that tests read, and no test.
collect_ignore = ["defects", "harmless"]

"""The fleet as HQ watches it: presence (`presence`), security events (`security`), and who reports them (`keeper`)."""

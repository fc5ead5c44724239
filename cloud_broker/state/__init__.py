"""State: tables (`tables`), the engine (`engine`) and its migrations. SQLite by default, PostgreSQL by one setting."""

"""The price book's bytes: a table that devices map into memory, its snapshot on the wire, and what changed since.

A book is a `Table` (`table`: sorted columns, found by GTIN without a private copy) under a small patch
(`book`). A table travels once as a snapshot (`snapshot`, about 20 bytes a product); after that a `delta`
(`delta`) names every row that differs from the table, however many versions lie between, so a device that
missed some misses nothing. `edition` says which table and which deltas make the books of a store.

Start reading at `edition`, then `columns`.
"""

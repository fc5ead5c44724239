"""The projector: reads the journal in order and turns what devices said into state, readings and notices.

`run` moves the cursor in the same transaction as what it wrote, so each event takes effect once.
`effects` holds one function for each kind of event.
"""

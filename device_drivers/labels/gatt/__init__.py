"""Labels over connections: what an access point writes to one, and what the label makes of it.

`link` is the port (a connection's characteristics and channels), `client` the access point's side over it, `server`
the label's. `bleak_link` is the port on bleak, `driver` a whole label radio without periodic advertising.
"""

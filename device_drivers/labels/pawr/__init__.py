"""An access point for Bluetooth shelf labels over Periodic Advertising with Responses, and the air to try it in.

`access_point` decides what is said in which subevent and who must be told again; `receiver` is a label's side of
it; both are sans-io and speak sealed bytes. `medium` is an air in virtual time between them, with the losses of
`loss`; `simulate` prices a whole shop in it.
"""

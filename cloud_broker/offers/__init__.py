"""Location-triggered offers: the rules that carts hold, and the decisions that came back (`rules`)."""

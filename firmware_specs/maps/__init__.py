"""Site plans from and to the formats that others draw maps in; pure, values in and values out."""

"""Models that devices look with: added by headquarters, given to stores, confirmed by devices."""

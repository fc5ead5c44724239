"""What both sides must compute alike: pure functions over contract values, time passed in."""

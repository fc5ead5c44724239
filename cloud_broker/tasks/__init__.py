"""What people must do in a store: opened by what devices say, taken by somebody, closed by proof."""

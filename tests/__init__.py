"""What the product promises, as sentences. `bench` measures it; neither is shipped."""

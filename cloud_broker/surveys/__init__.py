"""What technicians heard in a store, and which of it the store's devices go by."""

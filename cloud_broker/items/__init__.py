"""Items without a code: what stores taught their devices by pictures that stay in the store."""

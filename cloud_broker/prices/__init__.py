"""Prices: products and their changes (`changes`), plans for later (`plans`), and what devices hold (`book`)."""

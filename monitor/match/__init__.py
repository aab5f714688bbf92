"""Match: find the watchlists that changes match, and make alerts of them."""

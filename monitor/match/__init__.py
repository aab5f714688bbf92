"""Station 3: changes × watchlists → alerts."""

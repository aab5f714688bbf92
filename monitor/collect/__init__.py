"""Station 1: a dropped file → releases and rejects."""

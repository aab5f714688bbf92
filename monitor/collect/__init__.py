"""Turn a dropped file into releases and rejects."""

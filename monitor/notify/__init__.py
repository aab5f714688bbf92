"""Station 4: alerts → messages → delivered."""

"""Share one store with other monitors: who is alive, who delivers on which channel, and whose settings differ."""

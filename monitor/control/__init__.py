"""Change a running monitor: the commands, the socket that carries them and the lock of the state folder."""

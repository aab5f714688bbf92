"""Talk to systemd: notifications to the service manager and the units that run the monitor."""

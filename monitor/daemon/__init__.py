"""Run the monitor as one long-lived process: put it together, ingest, deliver, reload, maintain."""

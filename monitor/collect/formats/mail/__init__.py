"""Read mail: a message a file, or many in an mbox."""

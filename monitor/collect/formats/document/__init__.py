"""Read documents: Markdown or plain text, one release a file or several with a line between them."""

"""Read XML: records cut out by their tags, each parsed alone."""

"""The documentation; what of it is made from the code, `python -m docs.make` writes anew."""

"""Download the files of a source that is a web address into its folder, like any other program that drops files."""

"""The command line. A command's module holds its options; what it does is imported when it runs, so that help is instant."""

"""A handler for the tests of the Lambda runtime: its module never ends."""

while True:
    pass

"""The operations of the API, a module for each family of resources; `table` lists them all."""

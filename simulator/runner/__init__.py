"""One scenario to a Result: checks over the journal that its run left."""

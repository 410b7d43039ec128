"""What DRS does around itself: what the rest of the account sees of replication, drills and recoveries."""

"""The simulated AWS account: whatever speaks to AWS in a run is answered here."""

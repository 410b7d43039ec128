"""Recovery plans of DRS itself: ordered steps that recover servers or wait."""

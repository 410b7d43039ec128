"""EventBridge: what services and handlers emit, matched with rules and delivered to their targets in the simulated account.

Rules, buses and archives are moto's, and so is the matching of patterns; emitting and delivering are ours, because moto
delivers to few kinds of target, runs functions in containers of its own, and knows no time.
"""

"""Mutation testing of the bundled orchestrator: how many small breakages of it do the shipped scenarios notice?"""

"""What a model is: package, card, registry, operating points."""

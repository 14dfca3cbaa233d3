"""The keys of job.json (docs/training-events.md), for who writes it and who reads it."""

RECIPE_KEYS = (
    "architecture", "epochs", "size", "batch", "learning_rate", "seed", "threads", "class_weighting", "early_stopping",
    "augmentation", "goal", "population", "parts", "mapping", "cache_mb",
)  # fmt: skip
"""What a recipe file may set: everything but where things are and what the model is called."""

PLACE_KEYS = ("folder", "out", "csv", "base", "locked_test", "name", "model_id")
"""Where things are and what the model is called: in job.json, never in a recipe."""

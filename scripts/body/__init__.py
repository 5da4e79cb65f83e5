"""Make the body surface, its regions, views and pictures; run `scripts/body/build` to write them anew."""

"""Floors, peers and omrs-streams side by side in one run: `python -m bench` prints the design's bars with ratios."""

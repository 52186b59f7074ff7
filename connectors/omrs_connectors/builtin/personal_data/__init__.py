"""Classifies files whose columns look personal, as soon as they appear in the catalogue."""

"""The Faust app of one worker: agents, timers, partition ownership, recovery."""

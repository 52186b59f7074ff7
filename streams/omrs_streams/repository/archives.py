"""Open metadata archives: reading them and planning what a server has to do to hold what is in them.

    archive = read_archive(path)                                  # ArchiveError when it is no archive at all
    plan = plan_load(archive, types, local_id, local_name, known) # ArchiveError when it is not for this server
    plan.report                                                   # every problem: severity, guid, JSON pointer, message
    plan.events()                                                 # ready to encode, in the order of storing

An instance or type with an error is left out whole and reported, never repaired. Whether to load the rest is for the
caller: `plan.complete` says whether anything was left out. (OMRS instances, Archive loading; OMRS types § 6.)
"""

from omrs_streams.repository.archives_plan import LoadPlan, PlannedEvent, plan_load
from omrs_streams.repository.archives_read import Archive, Located, read_archive
from omrs_streams.repository.archives_report import Entry

__all__ = ["Archive", "Entry", "LoadPlan", "Located", "PlannedEvent", "plan_load", "read_archive"]

"""The one canonical form of an instance: JSON with sorted keys, computed fields left out (LOG.md § Digest)."""

from typing import Any, Final

from omrs_schemas.codec.egeria_json import to_json

Bean = dict[str, Any]

_COMPUTED: Final = ("instanceURL", "metadataCollectionName")
"""Stamped by whichever member answers (OMRS instances § Provenance rules)."""

_PROXIES: Final = ("entityOneProxy", "entityTwoProxy")


def canonical(bean: Bean) -> Bean:
    """A copy without what members compute: instance URLs, collection names, DEREGISTERED provenance."""
    form = {name: value for name, value in bean.items() if name not in _COMPUTED and value is not None}
    if form.get("instanceProvenanceType") == "DEREGISTERED_REPOSITORY":
        form["instanceProvenanceType"] = "LOCAL_COHORT"
    if form.get("classifications"):
        form["classifications"] = [canonical(classification) for classification in form["classifications"]]
    for end in _PROXIES:
        if form.get(end):
            form[end] = canonical(form[end])
    return form


def canonical_bytes(bean: Bean) -> bytes:
    """The canonical form as UTF-8 JSON; numbers beyond 64 bits are written out in full."""
    return to_json(canonical(bean), sort_keys=True)

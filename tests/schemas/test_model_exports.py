"""The public surface of the contract: exactly what `__all__` says, and all of it there."""

import omrs_schemas.codec
import omrs_schemas.model


def test_codec_exports() -> None:
    assert sorted(omrs_schemas.codec.__all__) == ["EventCodec", "FINGERPRINTS", "fingerprint"]
    assert all(hasattr(omrs_schemas.codec, name) for name in omrs_schemas.codec.__all__)


def test_model_exports() -> None:
    names = omrs_schemas.model.__all__
    assert names == sorted(names, key=lambda name: (name[0].islower(), name))
    assert all(hasattr(omrs_schemas.model, name) for name in names)

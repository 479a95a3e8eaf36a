"""Prints the vectors of membership.json, made by OpenRTC for Python itself. In this folder:

    pip install --no-deps --target /tmp/openrtc-python openrtc==0.20.1
    PYTHONPATH=/tmp/openrtc-python python3 membership.py > membership.json
"""

import importlib.metadata
import importlib.util
import json
import pathlib
import sys

# The file alone: the package would import the whole stack of livekit.
_folder = next(pathlib.Path(p) for p in sys.path if pathlib.Path(p, "openrtc").is_dir())
_spec = importlib.util.spec_from_file_location("membership", _folder / "openrtc/core/membership.py")
membership = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(membership)

NOW = 1_700_000_000.0

SIGNED = [
    ("v1", "w-1", 1_700_000_000, "s"),
    ("v1", "w-1", 1_700_000_000.0, "another secret, of 32 bytes or more"),
    ("", "w-1", NOW, "s"),
    ("v1", "", NOW, "s"),
    ("", "", 0, "s"),
    ("v1", "w-1", NOW, "ключ ☎ 🔑"),
    ("é", "Zoë", NOW, "s"),
    ("版本一", "🙂-1", NOW, "s"),
    ("\u2028\u2029\ufeff\uffff", "\u0080\u00a0", NOW, "s"),
    ("v\u007f", "\u0000\u0001\u001f", NOW, "s"),
    ('a"b\\c/d', "\b\f\n\r\t", NOW, "s"),
    ('v1","w-1', "x", NOW, "s"),
    ("v1", 'w-1","x', NOW, "s"),
    ("<v&1>", "' $", NOW, "s"),
    ("v" * 5_000, "w-1", NOW, "s"),
    *(
        ("v1", "w-1", timestamp, "s")
        for timestamp in (
            0.1,
            0.0001,
            0.00012345,
            0.00001,
            1e-7,
            5e-324,
            -0.0,
            -1.5,
            1_700_000_000.25,
            1_700_000_000.123,
            1_700_000_000.123456,
            1_700_000_000.1234567,
            2**53,
            999_999_999_999_999.9,
            9_999_999_999_999_998.0,
            1e16,
            1.5e16,
            1e21,
            1e22,
            123456789e20,
            1.7976931348623157e308,
        )
    ),
]

KINDS = {
    "does not match": "MEMBERSHIP_WRONG_VERSION",
    "stale": "MEMBERSHIP_EXPIRED",
    "future": "MEMBERSHIP_FROM_FUTURE",
    "signature": "MEMBERSHIP_WRONG_SIGNATURE",
}


def verified(options: dict, now: float, claim: dict) -> str:
    verifier = membership.MembershipVerifier(clock=lambda: now, **options)
    try:
        verifier.verify(**claim)
    except membership.MembershipError as error:
        result = next(kind for text, kind in KINDS.items() if text in str(error))
    else:
        result = "valid"
    assert verifier.is_valid(**claim) == (result == "valid")
    return result


def claim(version="v1", worker_id="w-1", timestamp=NOW, secret="new", token=None) -> dict:
    given = {"version": version, "worker_id": worker_id, "timestamp": timestamp}
    return given | {"token": token or membership.sign_membership(**given, secret=secret)}


ONE = {"secrets": ["new"]}
TWO = {"secrets": ["new", "old"]}
V1 = ONE | {"expected_version": "v1"}
VERIFIED = [
    ("one secret", ONE, NOW, claim()),
    ("the first of two secrets", TWO, NOW, claim()),
    ("the second of two secrets", TWO, NOW, claim(secret="old")),
    ("a secret that is gone", ONE, NOW, claim(secret="old")),
    ("the expected version", V1, NOW, claim()),
    ("another version", V1, NOW, claim(version="v2")),
    ("another version, expired, with a wrong signature", V1, NOW + 999, claim("v2", secret="x")),
    ("a version in other letters", V1, NOW, claim(version="V1")),
    ("an empty version", V1, NOW, claim(version="")),
    ("an empty version that is expected", ONE | {"expected_version": ""}, NOW, claim(version="")),
    ("no empty version", ONE | {"expected_version": ""}, NOW, claim()),
    ("as old as allowed", ONE, NOW + 300, claim()),
    ("a little older", ONE, NOW + 300.001, claim()),
    ("expired, with a wrong signature", ONE, NOW + 301, claim(secret="x")),
    ("as far in the future as allowed", ONE, NOW - 300, claim()),
    ("a little further", ONE, NOW - 300.001, claim()),
    ("no age allowed, at once", ONE | {"max_age_seconds": 0}, NOW, claim()),
    ("no age allowed, later", ONE | {"max_age_seconds": 0}, NOW + 0.001, claim()),
    ("a fraction of a second allowed", ONE | {"max_age_seconds": 0.5}, NOW + 0.5, claim()),
    ("any age allowed", ONE | {"max_age_seconds": 1e9}, 0.0, claim(timestamp=1e9)),
    ("with a fraction", ONE, NOW, claim(timestamp=NOW + 0.123456)),
    ("letters of other languages", ONE, NOW, claim("é", "🙂")),
    ("the token of another worker", ONE, NOW, claim(worker_id="w-2", token=claim()["token"])),
    ("the token of another time", ONE, NOW, claim(timestamp=NOW + 1, token=claim()["token"])),
    ("a token in capitals", ONE, NOW, claim(token=claim()["token"].upper())),
    ("a token with a space", ONE, NOW, claim(token=claim()["token"] + " ")),
    ("half a token", ONE, NOW, claim(token=claim()["token"][:32])),
    ("another token", ONE, NOW, claim(token="0" * 64)),
]

print(
    json.dumps(
        {
            "madeBy": f"openrtc {importlib.metadata.version('openrtc')}, see membership.py",
            "signed": [
                {
                    "version": version,
                    "workerId": worker_id,
                    "timestamp": timestamp,
                    "secret": secret,
                    "token": membership.sign_membership(
                        version=version, worker_id=worker_id, timestamp=timestamp, secret=secret
                    ),
                }
                for version, worker_id, timestamp, secret in SIGNED
            ],
            "verified": [
                {"what": what, "options": options, "now": now, "claim": given}
                | {"result": verified(options, now, given)}
                for what, options, now, given in VERIFIED
            ],
        },
        indent=2,
    )
)

"""Signs requests in: as the user of ACCUNODE_WHO, anew every half a minute, or without one each
request as a user of its own, for operations that end sessions.

Schemathesis tries to sign in with inventions, and its address has to wait for that. So each
sign-in here comes from an address of its own, which the service believes of this machine.
"""

import ipaddress
import itertools
import json
import os
import urllib.request
import uuid

import schemathesis

API = os.environ["ACCUNODE_API"]
WHO = os.environ.get("ACCUNODE_WHO")
# Documentation addresses (RFC 3849), in such number that none repeats.
ADDRESSES = itertools.count(uuid.uuid4().int % 2**64)


def post(path: str, body: object) -> dict:
    address = ipaddress.IPv6Address("2001:db8::") + (next(ADDRESSES) % 2**32 << 64)
    headers = {"content-type": "application/json", "x-forwarded-for": str(address)}
    request = urllib.request.Request(API + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def signed_in(case, data) -> None:
    case.headers["Authorization"] = f"Bearer {data}"


if WHO:

    @schemathesis.auth(refresh_interval=30)
    class OneUser:
        def get(self, case, context):
            return post("/auth/login", json.loads(WHO))["access_token"]

        def set(self, case, data, context):
            signed_in(case, data)

else:

    @schemathesis.auth(refresh_interval=None)
    class OneUserEach:
        def get(self, case, context):
            who = {"email": f"{uuid.uuid4()}@example.com", "password": "four unrelated words here"}
            post("/auth/register", who)
            return post("/auth/login", who)["access_token"]

        def set(self, case, data, context):
            signed_in(case, data)

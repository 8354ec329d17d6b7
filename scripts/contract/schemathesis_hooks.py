"""Signs every request in as a user of its own, for operations that end sessions."""

import json
import os
import urllib.request
import uuid

import schemathesis

API = os.environ["ACCUNODE_API"]


def post(path: str, body: object) -> dict:
    request = urllib.request.Request(
        API + path, json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


@schemathesis.auth(refresh_interval=None)
class OneUserEach:
    def get(self, case, context):
        who = {"email": f"{uuid.uuid4()}@example.com", "password": "four unrelated words here"}
        post("/auth/register", who)
        return post("/auth/login", who)["access_token"]

    def set(self, case, data, context):
        case.headers["Authorization"] = f"Bearer {data}"

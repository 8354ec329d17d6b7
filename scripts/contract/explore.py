"""Schemathesis against `accunode serve --ephemeral`: every operation, as super_admin and as a
user, and the operations that end a session as users of their own.

Arguments: the program, and how many seconds each of the two large runs may take. Prints how many
requests each operation was sent, and ends with 1 where a check failed.
"""

import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

HERE = pathlib.Path(__file__).parent
PASSWORD = "four unrelated words here"

# These operations invalidate the token that the others use.
ENDING = [
    "logout",
    "delete_account",
    "end_my_other_sessions",
    "end_my_session",
    "change_password",
]
# Operations that take as long as an upload, and operations that change rights.
LEFT_OUT = ["stream_bulk_upload_events", "enrol_second_factor", "confirm_second_factor"]


def post(url: str, body: object) -> dict:
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def explore(ready: dict, name: str, who: dict | None, options: list[str], folder: pathlib.Path) -> bool:
    """One run; whether every check held."""
    report = folder / f"{name}.ndjson"
    command = [
        str(pathlib.Path(sys.executable).parent / "schemathesis"),
        "--config-file", str(HERE / "schemathesis.toml"),
        "run", ready["url"] + "/openapi.json", "--url", ready["url"],
        "--continue-on-failure", "--no-shrink", "--seed", "1",
        "--request-timeout", "60", "--suppress-health-check", "all",
        "--report", "ndjson", "--report-ndjson-path", str(report),
        *options,
    ]
    environment = dict(
        os.environ,
        SCHEMATHESIS_HOOKS="schemathesis_hooks",
        PYTHONPATH=str(HERE),
        ACCUNODE_API=ready["api"],
    )
    if who:
        environment["ACCUNODE_WHO"] = json.dumps(who)
    print(f"-- as {name}", flush=True)
    ended = subprocess.run(command, env=environment, cwd=folder, check=False)
    sent = collections.Counter()
    for line in report.read_text().splitlines():
        finished = json.loads(line).get("ScenarioFinished")
        if finished:
            recorder = finished["recorder"]
            sent[recorder["label"]] += len(recorder.get("cases", {}))
    sent.pop("Stateful tests", None)
    if sent:
        fewest = min(sent, key=sent.__getitem__)
        print(
            f"{sum(sent.values())} requests to {len(sent)} operations as {name}; "
            f"the fewest, {sent[fewest]}, to {fewest}",
            flush=True,
        )
    return ended.returncode == 0


def main() -> int:
    program, seconds = sys.argv[1], sys.argv[2]
    with tempfile.TemporaryDirectory() as folder:
        log = open(pathlib.Path(folder) / "server.log", "w")
        server = subprocess.Popen(
            # So that sign-ins of this program do not wait because of those that Schemathesis tries.
            [program, "serve", "--ephemeral", "--set", "trusted_proxies=127.0.0.1"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
        )
        try:
            ready = json.loads(server.stdout.readline())
            api = ready["api"]
            who = {"email": "ana@example.com", "password": PASSWORD}
            post(api + "/auth/register", who)
            without = [f"--exclude-operation-id={name}" for name in ENDING + LEFT_OUT]
            whole = ["--max-examples", "50", "--max-time", seconds]
            good = [
                # First, because a super_admin can end the sessions of others.
                explore(ready, "user", who, without + whole, pathlib.Path(folder)),
                explore(ready, "super_admin", ready["administrator"], without + whole, pathlib.Path(folder)),
                explore(
                    ready, "many users", None,
                    [f"--include-operation-id={name}" for name in ENDING]
                    + ["--max-examples", "20", "--phases", "examples,coverage,fuzzing"],
                    pathlib.Path(folder),
                ),
            ]
        finally:
            server.terminate()
            server.wait()
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())

"""The client against `accunode serve --ephemeral`; ACCUNODE_PROGRAM names the program."""

import json
import os
import pathlib
import subprocess
import unittest

import httpx
from accunode import Accunode, Refused, RetryTransport
from accunode_client.api.companies import create_company, get_company, list_companies
from accunode_client.models import JobStatus, JobType, NewCompany, OnConflict, RatioUnit

EXAMPLE = pathlib.Path(__file__).parents[3] / "docs/examples/annual.csv"


class WithService(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.service = subprocess.Popen(
            [os.environ["ACCUNODE_PROGRAM"], "serve", "--ephemeral"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )
        assert cls.service.stdout
        cls.ready = json.loads(cls.service.stdout.readline())

    @classmethod
    def tearDownClass(cls) -> None:
        cls.service.terminate()
        cls.service.wait()
        for pipe in (cls.service.stdin, cls.service.stdout):
            if pipe:
                pipe.close()

    def signed_in(self) -> Accunode:
        return Accunode.login(self.ready["url"], **self.ready["administrator"])

    def test_rows_walks_all_pages(self) -> None:
        with self.signed_in() as accunode:
            made = {f"PAGE{n}" for n in range(5)}
            for symbol in made:
                accunode.create(create_company, body=NewCompany(symbol=symbol))
            found = [row.symbol for row in accunode.rows(list_companies, limit=2)]
            self.assertEqual(len(found), len(set(found)))
            self.assertLessEqual(made, set(found))

    def test_create_twice_with_one_key_is_done_once(self) -> None:
        with self.signed_in() as accunode:
            body = NewCompany(symbol="ONCE")
            first = accunode.create(create_company, body=body, idempotency_key="one-key")
            second = accunode.create(create_company, body=body, idempotency_key="one-key")
            self.assertEqual(first.id, second.id)

    def test_refusal_has_the_problem_of_the_service(self) -> None:
        with self.signed_in() as accunode:
            accunode.create(create_company, body=NewCompany(symbol="TAKEN"))
            with self.assertRaises(Refused) as refused:
                accunode.create(create_company, body=NewCompany(symbol="TAKEN"))
            self.assertEqual(refused.exception.status, 409)
            assert refused.exception.problem
            self.assertEqual(refused.exception.problem.code, "symbol_taken")
            with self.assertRaises(Refused):
                accunode.call(get_company, "00000000-0000-7000-8000-000000000000")

    def test_upload_tells_its_progress_and_waits_for_the_end(self) -> None:
        told: list[tuple[str, int, int | None]] = []
        with self.signed_in() as accunode:
            upload = accunode.upload(
                EXAMPLE, JobType.ANNUAL, progress=lambda *step: told.append(step), force=True,
                ratio_unit=RatioUnit.PERCENT, on_conflict=OnConflict.SKIP,
            )
        self.assertEqual(upload.status, JobStatus.COMPLETED)
        self.assertGreater(upload.processed_rows, 0)
        size = EXAMPLE.stat().st_size
        self.assertIn(("sent", size, size), told)
        self.assertEqual(told[-1][:2], ("rows", upload.processed_rows))

    def test_upload_of_bytes(self) -> None:
        with self.signed_in() as accunode:
            upload = accunode.upload(
                EXAMPLE.read_bytes(), JobType.ANNUAL, name="again.csv", wait=False, force=True,
                ratio_unit=RatioUnit.PERCENT, on_conflict=OnConflict.SKIP,
            )
        self.assertEqual(upload.original_filename, "again.csv")


class Retries(unittest.TestCase):
    def client(self, answers: list[httpx.Response | Exception]) -> tuple[httpx.Client, list[str]]:
        sent: list[str] = []

        def answer(request: httpx.Request) -> httpx.Response:
            sent.append(request.method)
            result = answers.pop(0)
            if isinstance(result, Exception):
                raise result
            return result

        transport = RetryTransport(httpx.MockTransport(answer), retries=2)
        return httpx.Client(transport=transport, base_url="http://service"), sent

    def test_reads_are_sent_again_after_a_lost_connection(self) -> None:
        client, sent = self.client([httpx.ReadError("lost"), httpx.Response(200)])
        self.assertEqual(client.get("/").status_code, 200)
        self.assertEqual(len(sent), 2)

    def test_a_post_without_a_key_is_sent_once(self) -> None:
        client, sent = self.client([httpx.ReadError("lost"), httpx.Response(200)])
        with self.assertRaises(httpx.ReadError):
            client.post("/")
        self.assertEqual(len(sent), 1)

    def test_a_post_with_a_key_is_sent_again_when_the_service_says(self) -> None:
        limited = httpx.Response(429, headers={"retry-after": "0"})
        client, sent = self.client([limited, httpx.Response(201)])
        answer = client.post("/", headers={"Idempotency-Key": "k"})
        self.assertEqual((answer.status_code, len(sent)), (201, 2))

    def test_the_last_answer_is_given_when_it_never_works(self) -> None:
        busy = [httpx.Response(503, headers={"retry-after": "0"}) for _ in range(3)]
        client, sent = self.client(list(busy))
        self.assertEqual((client.get("/").status_code, len(sent)), (503, 3))


if __name__ == "__main__":
    unittest.main()

"""The session of the README, carried out by the client that was generated from the
OpenAPI document. Arguments: the log of a program that is starting, and a file to upload."""

import pathlib
import re
import sys
import time

import httpx
from accunode_client import AuthenticatedClient, Client
from accunode_client.api.account import delete_account, export_account
from accunode_client.api.analytics import get_dashboard, get_risk_distribution
from accunode_client.api.api_keys import create_api_key
from accunode_client.api.auth import login, register_account
from accunode_client.api.bulk_uploads import (
    create_bulk_upload,
    create_rescoring,
    get_bulk_upload,
    list_bulk_upload_rows,
)
from accunode_client.api.predictions import create_prediction, list_predictions
from accunode_client.models import (
    BulkUpload,
    BulkUploadRowList,
    CompanyDescription,
    JobStatus,
    KeyScope,
    Kind,
    ListPredictionsSort,
    Login,
    NewAccount,
    NewApiKey,
    NewBulkUpload,
    NewPrediction,
    NewRescoring,
    OnConflict,
    Prediction,
    PredictionList,
    Problem,
    RatioUnit,
    Ratios,
    RowStatus,
)
from accunode_client.types import File


def served_at(log: pathlib.Path) -> str:
    """Where the program listens, as soon as it is ready."""
    for _ in range(240):
        if "the configuration is wrong" in log.read_text():
            sys.exit("the program ended")
        found = re.search(r"listening on (http://[0-9.:]+)", log.read_text())
        if found:
            try:
                if httpx.get(found[1] + "/health/ready").status_code == 200:
                    return found[1]
            except httpx.TransportError:
                pass
        time.sleep(0.25)
    sys.exit("the program is not ready after a minute")


def expect(response, status: int, kind=None):
    """What a response holds, where it has this status and this type."""
    assert response.status_code == status, (response.status_code, response.content[:500])
    assert kind is None or isinstance(response.parsed, kind), response.parsed
    return response.parsed


def until_it_has_ended(client: Client, job) -> BulkUpload:
    """A bulk upload in its final state."""
    for _ in range(120):
        job = expect(get_bulk_upload.sync_detailed(job.id, client=client), 200, BulkUpload)
        if job.status in (JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED):
            return job
        time.sleep(0.25)
    sys.exit(f"the upload has not ended: {job}")


def main() -> None:
    base = served_at(pathlib.Path(sys.argv[1]))
    email, password = "ana@example.com", "correct horse battery"
    anonymous = Client(base_url=base)
    expect(
        register_account.sync_detailed(
            client=anonymous, body=NewAccount(email=email, password=password)
        ),
        201,
    )
    tokens = expect(
        login.sync_detailed(client=anonymous, body=Login(email=email, password=password)), 200
    )
    client = AuthenticatedClient(base_url=base, token=tokens.access_token)

    ratios = {
        "long_term_debt_to_total_capital": 0.62,
        "total_debt_to_ebitda": 7.4,
        "net_income_margin": -0.03,
        "ebit_to_interest_expense": 0.8,
        "return_on_assets": -0.01,
    }
    new = NewPrediction(
        company=CompanyDescription(symbol="ACME", name="Acme Corporation", sector="Industrials"),
        reporting_year="2024",
        ratios=Ratios.from_dict(ratios),
    )
    made = expect(
        create_prediction.sync_detailed(Kind.ANNUAL, client=client, body=new), 201, Prediction
    )
    assert 0 < made.pd < 1 and made.reasons, made
    again = create_prediction.sync_detailed(Kind.ANNUAL, client=client, body=new)
    problem = expect(again, 409, Problem)
    assert problem.code == "prediction_exists" and problem.existing_id == made.id, problem

    source = pathlib.Path(sys.argv[2])
    with source.open("rb") as file:
        upload = expect(
            create_bulk_upload.sync_detailed(
                client=client,
                body=NewBulkUpload(
                    file=File(payload=file, file_name=source.name, mime_type="text/csv"),
                    job_type=Kind.ANNUAL,
                    ratio_unit=RatioUnit.PERCENT,
                    on_conflict=OnConflict.SKIP,
                ),
            ),
            202,
            BulkUpload,
        )
    upload = until_it_has_ended(client, upload)
    assert upload.status == JobStatus.COMPLETED and upload.success_count > 0, upload
    rows = expect(
        list_bulk_upload_rows.sync_detailed(upload.id, client=client, status=RowStatus.ERROR),
        200,
        BulkUploadRowList,
    )
    assert len(rows.data) == upload.error_count, rows

    rescoring = expect(
        create_rescoring.sync_detailed(client=client, body=NewRescoring(kind=Kind.ANNUAL)), 202
    )
    assert until_it_has_ended(client, rescoring).status == JobStatus.COMPLETED

    riskiest = expect(
        list_predictions.sync_detailed(Kind.ANNUAL, client=client, sort=ListPredictionsSort.PD, limit=5),
        200,
        PredictionList,
    )
    found = [prediction.pd for prediction in riskiest.data]
    assert len(found) == 5 and found == sorted(found, reverse=True), found
    distribution = expect(get_risk_distribution.sync_detailed(client=client, kind=Kind.ANNUAL), 200)
    dashboard = expect(get_dashboard.sync_detailed(client=client), 200)
    assert sum(group.total_predictions for group in distribution.data) == dashboard.annual.total_predictions

    key = expect(
        create_api_key.sync_detailed(
            client=client, body=NewApiKey(name="nightly upload", scopes=[KeyScope.UPLOAD])
        ),
        201,
    )
    by_key = AuthenticatedClient(base_url=base, token=key.secret)
    refused = expect(export_account.sync_detailed(client=by_key), 403, Problem)
    assert refused.code == "key_forbidden", refused

    expect(export_account.sync_detailed(client=client), 200)
    expect(delete_account.sync_detailed(client=client), 204)
    expect(get_dashboard.sync_detailed(client=client), 401, Problem)
    print("the session was carried out")


main()

"""Looking for what no record knows: a place that we may not look at is passed over, and only there."""

from __future__ import annotations

from pathlib import Path

import botocore.session
import pytest

from mldeploy import Context, DeployError, Phase, Step
from mldeploy_cache.functions import FunctionDriver
from mldeploy_cache.reasons import AGAIN, fix_for_reason
from tests.aws.refusing import TAGS, Refusal, RefusingAccount

DENIED = Refusal("GetFunction", "AccessDeniedException", "not authorized", times=9, status=403)


def driver(account: RefusingAccount, folder: Path) -> FunctionDriver:
    context = Context(
        name="probe",
        env="dev",
        root=folder,
        config={},
        tags=TAGS,
        find_provider=lambda _kind, _context: account,
        emit=lambda _event: None,
    )
    return FunctionDriver(context)


@pytest.mark.req("E12")
def test_what_may_exist_is_found_and_where_we_may_not_look_there_is_nothing_of_ours(tmp_path: Path) -> None:
    account = RefusingAccount()
    functions = driver(account, tmp_path)
    (perhaps,) = functions.existing()
    account.refuse(Refusal("GetFunction", "", times=0))
    found = functions.read(perhaps)
    assert found is not None
    assert found.owned
    account.refuse(DENIED)
    assert functions.read(perhaps) is None
    with pytest.raises(DeployError, match="not authorized"):
        functions.read(Step(kind=perhaps.kind, name=perhaps.name, phase=Phase.PROVISION))


def test_every_reason_that_lambda_gives_has_a_fix() -> None:
    service = botocore.session.get_session().get_service_model("lambda")
    codes = service.shape_for("LastUpdateStatusReasonCode").enum
    unknown = {code for code in codes if fix_for_reason(code) == AGAIN}
    assert len(codes) >= 20
    assert unknown <= {"IncompatibleAcceleratorInstanceTypes"}, "functions here have no accelerators"

#!/usr/bin/env python3
"""moto's server with what this project needs and moto lacks, added in process:

  - an object put into S3 becomes an event, and a rule that matches it starts a state machine;
  - state machines are executed, codebuild:startBuild.sync included, and the builds really run (codebuild.py);
  - what Terraform's provider asks for: ValidateStateMachineDefinition, ListStateMachineVersions,
    DeleteReceiptRule, UpdateProject, DeleteProject by ARN, a bucket's eventbridge switch, a project's concurrent build limit;
  - a bucket policy's statement with a condition is passed over, where moto takes it for a denial;
  - CodeBuild's quota of builds at a time, also as Service Quotas tells it: a project with a limit above it is not
    made; ListExecutions answers in pages; the name of a secret that can still be brought back is taken;
  - POST /sandbox/refuse {"action": "StartBuild", "error": "ThrottlingException", "times": 2} makes the next
    calls of a JSON protocol's action fail;
  - POST /sandbox/break {"phase": "PROVISIONING", "status": "FAULT", "times": 1} makes that phase of the next builds
    go wrong; POST /sandbox/quota 0 sets the quota, POST /sandbox/page 2 the most executions of a page;
  - GET /sandbox/calls answers which rights the builds made use of, as IAM names them: ["dynamodb:Query", ...].

usage: aws.py [--port PORT] [--logs DIRECTORY] [--hurry FACTOR]

Prints its URL as the first line on stdout once it is ready. Port 0, the default, is one that the kernel chooses.
--logs keeps the builds' output; --hurry divides the waits of state machines, so that tests need not wait for them.
"""

import argparse
import copy
import functools
import json
import os
import re
import signal
import sys
import threading
import time
import uuid

from codebuild import BUILD_KEY, Builds, Refused

try:
    from moto.codebuild import responses as codebuild_responses
    from moto.core.config import default_user_config
    from moto.core.exceptions import JsonRESTError
    from moto.core.responses import ActionResult, EmptyResult
    from moto.events import models as events_models
    from moto.iam.access_control import PermissionResult
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from moto.s3 import models as s3_models
    from moto.s3 import responses as s3_responses
    from moto.secretsmanager import exceptions as secrets_exceptions
    from moto.secretsmanager import models as secrets_models
    from moto.ses import responses as ses_responses
    from moto.servicequotas import responses as quotas_responses
    from moto.stepfunctions import models as states_models
    from moto.stepfunctions import responses as states_responses
    from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function import wait_function
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
    from werkzeug.serving import make_server
except ImportError as missing:
    sys.exit(f"aws.py: moto's server is missing ({missing}): pip install 'moto[server,stepfunctions]'")

import stepfunctions  # after the check: it builds on moto's interpreter


class State:
    """What the launcher was told; set once in main, before the server runs."""

    endpoint = ""
    logs = None
    hurry = 1.0
    refusals = []  # [action, error, times left]
    calls = set()  # what the builds called
    builds = {}  # by CodeBuild backend, so that a reset forgets them
    quota = 20  # builds at a time, as any account that is not new has
    broken = []  # [phase, status, times left]
    page = 1000  # executions


# ---- Terraform's questions ----


def validate_definition(self):
    try:
        AmazonStateLanguageParser.parse(self._get_param("definition"))
    except Exception as error:
        problem = {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", "message": str(error)}
        return ActionResult({"result": "FAIL", "diagnostics": [problem]})
    return ActionResult({"result": "OK", "diagnostics": []})


def list_versions(self):
    return ActionResult({"stateMachineVersions": []})


def delete_receipt_rule(self):
    rules = self.backend.describe_receipt_rule_set(self._get_param("RuleSetName")).rules
    rules[:] = [rule for rule in rules if rule["Name"] != self._get_param("RuleName")]
    return EmptyResult()


def with_eventbridge(original):
    @functools.wraps(original)
    def get_bucket_notification(self):
        configuration = self.backend.get_bucket_notification_configuration(self.bucket_name)
        status, headers, body = original(self)
        if configuration and configuration.event_bridge is not None:
            text = body.decode() if isinstance(body, bytes) else body
            switch = "<EventBridgeConfiguration></EventBridgeConfiguration>"
            body = re.sub(r"(<NotificationConfiguration[^>]*?)(/>|>)",
                          lambda m: f"{m[1]}>{switch}" + ("</NotificationConfiguration>" if m[2] == "/>" else ""),
                          text, count=1)
            headers.pop("Content-Length", None)
        return status, headers, body

    return get_bucket_notification


def get_permission(original):
    def wrapper(self, action, resource):
        statements = json.loads(self.policy)["Statement"] if self.policy else []
        return PermissionResult.NEUTRAL if any("Condition" in s for s in statements) else original(self, action, resource)

    return wrapper


# ---- CodeBuild ----


def builds_of(backend):
    if backend not in State.builds:
        State.builds[backend] = Builds(backend.account_id, backend.region_name, State.endpoint, State.logs)
    State.builds[backend].quota, State.builds[backend].orders = State.quota, State.broken
    return State.builds[backend]


def check_limit(self):
    if (self._get_param("concurrentBuildLimit") or 0) > State.quota:
        raise JsonRESTError("InvalidInputException", "Project-level concurrent build limit cannot exceed the "
                            f"account-level concurrent build limit of {State.quota}.")


def create_project(original):
    def wrapper(self):
        check_limit(self)
        answer = json.loads(original(self))
        project = self.codebuild_backend.codebuild_projects[answer["project"]["name"]].project_metadata
        project["concurrentBuildLimit"] = self._get_param("concurrentBuildLimit")
        return json.dumps({"project": project})

    return wrapper


def update_project(self):
    name = self._get_param("name")
    if name not in self.codebuild_backend.codebuild_projects:
        raise codebuild_responses.ResourceNotFoundException(f"Project cannot be found: {name}")
    check_limit(self)
    project = self.codebuild_backend.codebuild_projects[name].project_metadata
    project.update({key: value for key, value in json.loads(self.body).items() if value is not None})
    return json.dumps({"project": project})


def delete_project(self):
    """By name, or by ARN, as Terraform's provider does and moto does not know."""
    self.codebuild_backend.delete_project(self._get_param("name").rpartition("/")[2])
    return "{}"


def start_build(self):
    name = self._get_param("projectName")
    if name not in self.codebuild_backend.codebuild_projects:
        raise codebuild_responses.ResourceNotFoundException(f"Project cannot be found: {name}")
    project = self.codebuild_backend.codebuild_projects[name].project_metadata
    try:
        build = builds_of(self.codebuild_backend).start(project, self._get_param("environmentVariablesOverride") or [])
    except Refused as error:
        raise JsonRESTError("AccountLimitExceededException", str(error)) from None
    return json.dumps({"build": build})


def batch_get_builds(self):
    known = builds_of(self.codebuild_backend).builds
    ids = self._get_param("ids")
    return json.dumps({"builds": [known[i] for i in ids if i in known], "buildsNotFound": [i for i in ids if i not in known]})


def list_builds_for_project(self):
    known = builds_of(self.codebuild_backend).builds.values()
    ids = [b["id"] for b in known if b["projectName"] == self._get_param("projectName")]
    return json.dumps({"ids": ids[::-1]})


def stop_build(self):
    builds = builds_of(self.codebuild_backend)
    if self._get_param("id") not in builds.builds:
        raise codebuild_responses.ResourceNotFoundException("Build does not exist")
    return json.dumps({"build": builds.stop(self._get_param("id"))})


def service_quota(original):
    """The quotas of CodeBuild, which moto does not know."""

    def wrapper(self):
        asked = json.loads(self.body)
        if (asked["ServiceCode"], asked["QuotaCode"]) != ("codebuild", "L-9D07B6EF"):
            return original(self)
        return json.dumps({"Quota": {
            "ServiceCode": "codebuild", "QuotaCode": asked["QuotaCode"], "Adjustable": True, "Value": State.quota,
            "QuotaName": "Concurrently running builds for Linux/Small environment",
            "QuotaArn": "arn:aws:servicequotas:us-east-1:123456789012:codebuild/L-9D07B6EF"}})

    return wrapper


# ---- Secrets Manager ----


def create_secret(original):
    @functools.wraps(original)
    def wrapper(self, name, *arguments, **named):
        if name in self.secrets and self.secrets[name].is_deleted():
            raise secrets_exceptions.InvalidRequestException(
                "You can't create this secret because a secret with this name is already scheduled for deletion.")
        return original(self, name, *arguments, **named)

    return wrapper


# ---- EventBridge to Step Functions ----


def transformed(target, event):
    """The input that the target gets, by EventBridge's rules for templates: a bare <name> is written as JSON,
    one within quotes as it is."""
    transformer = target.get("InputTransformer")
    if not transformer:
        return json.dumps(event)
    text = transformer["InputTemplate"]
    for name, path in transformer.get("InputPathsMap", {}).items():
        value = event
        for step in path.removeprefix("$.").split("."):
            value = value[step]
        bare = rf'(?<!["\w])<{re.escape(name)}>(?!["\w])'
        text = re.sub(bare, lambda _, value=value: json.dumps(value), text)
        text = text.replace(f"<{name}>", str(value))
    json.loads(text)
    return text


def send_to_targets(original):
    def wrapper(self, event, transform_input=True):
        machines = [t for t in self.targets if t["Arn"].startswith("arn:aws:states:")]
        if machines and self.state == "ENABLED" and self.event_pattern.matches_event(event):
            for target in machines:
                backend = states_responses.get_backend(self.account_id, self.region_name)
                try:
                    backend.start_execution(target["Arn"], str(uuid.uuid4()), transformed(target, event))
                except Exception as error:
                    print(f"aws.py: {self.name}: {error!r}", file=sys.stderr, flush=True)
        if len(machines) < len(self.targets):
            original(self, event, transform_input)

    return wrapper


# ---- Step Functions ----


def start_execution(original):
    """A name of its own for each execution, as AWS gives: moto takes two without one for the same."""

    def wrapper(self):
        name = self._get_param("name") or str(uuid.uuid4())
        execution = self.stepfunction_backend.start_execution(
            self._get_param("stateMachineArn"), name, self._get_param("input", if_none="{}"))
        return ActionResult({"executionArn": execution.execution_arn, "startDate": execution.start_date})

    return functools.wraps(original)(wrapper)


def list_executions(original):
    """In pages, that hold fewer than were asked for when the sandbox is told so; the last one may hold none."""

    def wrapper(self, arn, status_filter=None, max_results=None, next_token=None):
        size = min(max_results or 100, State.page)
        found = [(str(e.start_date.timestamp()), e) for e in original.__wrapped__(self, arn, status_filter)]
        page = [(at, e) for at, e in found if not next_token or float(at) < float(next_token)][:size]
        return [e for _, e in page], page[-1][0] if len(page) == size else None

    return wrapper


def without_executions(self, _):
    """A state machine for an execution of its own; moto copies its whole history, which fails while one runs."""
    machine = copy.copy(self)
    machine.executions = []
    return machine


class HurriedTime:
    """The time module as the retries see it."""

    @staticmethod
    def sleep(seconds):
        time.sleep(seconds / State.hurry)


def hurried_wait(self, env, wait_seconds):
    end = time.monotonic() + wait_seconds / State.hurry
    while env.is_running() and time.monotonic() < end:
        env.program_state_event.wait(max(0.0, end - time.monotonic()))


def patch():
    states = states_responses.StepFunctionResponse
    states.validate_state_machine_definition = validate_definition
    states.list_state_machine_versions = list_versions
    states.start_execution = start_execution(states.start_execution)
    ses_responses.EmailResponse.delete_receipt_rule = delete_receipt_rule
    s3_responses.S3Response.get_bucket_notification = with_eventbridge(s3_responses.S3Response.get_bucket_notification)
    s3_models.FakeBucket.get_permission = get_permission(s3_models.FakeBucket.get_permission)
    projects = codebuild_responses.CodeBuildResponse
    projects.create_project = create_project(projects.create_project)
    for method in (update_project, delete_project, start_build, batch_get_builds, list_builds_for_project, stop_build):
        setattr(projects, method.__name__, method)
    quotas = quotas_responses.ServiceQuotasResponse
    quotas.get_service_quota = service_quota(quotas.get_service_quota)
    quotas.get_aws_default_service_quota = quotas.get_service_quota
    secrets = secrets_models.SecretsManagerBackend
    secrets.create_secret = create_secret(secrets.create_secret)
    backend = states_models.StepFunctionBackend
    backend.list_executions = list_executions(backend.list_executions)
    events_models.Rule.send_to_targets = send_to_targets(events_models.Rule.send_to_targets)
    states_models.StateMachine.__deepcopy__ = without_executions
    retrier_decl.time = HurriedTime
    wait_function.WaitFunction._wait_interval = hurried_wait
    stepfunctions.install()


# ---- the server ----


def right_of(environ):
    """The right that a request makes use of, as IAM names it; "" when a build did not make it."""
    signed = re.search(r"Credential=(\w+)/\d+/[\w-]+/(\w+)/", environ.get("HTTP_AUTHORIZATION", ""))
    if not signed or signed[1] != BUILD_KEY:
        return ""
    if signed[2] != "s3":
        return f"{signed[2]}:{environ.get('HTTP_X_AMZ_TARGET', '').rpartition('.')[2]}"
    subresource = environ.get("QUERY_STRING", "").partition("=")[0].partition("&")[0]
    thing = "Object" if "/" in environ["PATH_INFO"].strip("/") else "Bucket"
    verb = {"HEAD": "Get", "GET": "Get", "PUT": "Put", "POST": "Put", "DELETE": "Delete"}[environ["REQUEST_METHOD"]]
    if thing == "Bucket" and subresource in ("", "list-type", "prefix"):
        return "s3:ListBucket"
    return f"s3:{verb}{thing}" + ("Tagging" if subresource == "tagging" else "")


class Sandbox:
    """WSGI middleware: what a test asks of the launcher itself; every other request is moto's."""

    def __init__(self, app):
        self.app = app
        self.table = threading.Lock()

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] == "/sandbox/calls":
            return self.answer(start_response, "200 OK", sorted(State.calls))
        if environ["PATH_INFO"].startswith("/sandbox/"):
            self.obey(environ["PATH_INFO"], json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))))
            return self.answer(start_response, "200 OK", {})
        State.calls |= {right_of(environ)} - {""}
        action = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        for refusal in State.refusals:
            if refusal[0] == action and refusal[2] > 0:
                refusal[2] -= 1
                return self.answer(start_response, "400 Bad Request", {"__type": refusal[1], "message": "Rate exceeded"})
        if environ.get("HTTP_X_AMZ_TARGET", "").startswith("DynamoDB_"):
            with self.table:  # a conditional write of DynamoDB's is atomic, which moto's threads are not
                return list(self.app(environ, start_response))
        return self.app(environ, start_response)

    @staticmethod
    def obey(path, order):
        if path == "/sandbox/refuse":
            State.refusals.append([order["action"], order["error"], order["times"]])
        elif path == "/sandbox/break":
            State.broken.append([order["phase"], order["status"], order["times"]])
        elif path == "/sandbox/quota":
            State.quota = order
            for builds in State.builds.values():
                builds.quota = order
        elif path == "/sandbox/page":
            State.page = order

    @staticmethod
    def answer(start_response, status, value):
        body = json.dumps(value).encode()
        start_response(status, [("Content-Type", "application/x-amz-json-1.1"), ("Content-Length", str(len(body))),
                                ("x-amzn-RequestId", str(uuid.uuid4()))])
        return [body]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--logs")
    parser.add_argument("--hurry", type=float, default=1.0)
    options = parser.parse_args()
    if options.logs:
        os.makedirs(options.logs, exist_ok=True)

    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    patch()
    server = make_server("127.0.0.1", options.port, Sandbox(DomainDispatcherApplication(create_backend_app)), threaded=True)
    os.environ["MOTO_PORT"] = str(server.port)  # where moto's interpreter finds the services
    State.endpoint, State.logs, State.hurry = f"http://127.0.0.1:{server.port}", options.logs, options.hurry

    def stop(*_):
        for builds in State.builds.values():
            builds.stop_all()
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(State.endpoint, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

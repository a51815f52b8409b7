"""Runs builds as CodeBuild does, on this machine: a project's source is fetched from S3 and unzipped, its
buildspec's phases are run by bash, and what they exported is kept.  Only what this project uses is here.

The commands run for real, with this process's environment and the rights of whoever started it.
"""

import io
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import uuid
import zipfile

import boto3
import yaml

# The access key that builds sign with, by which their calls are known.
BUILD_KEY = "build"
BEFORE = ("SUBMITTED", "QUEUED", "PROVISIONING")  # the phases that are CodeBuild's own, before it fetches the source
PHASES = ("install", "pre_build", "build", "post_build")

# Sources the commands one after the other in one shell, so that one's variables and directory are the
# next one's, and stops at the first that fails.
RUNNER = r"""
[ ! -e "$SANDBOX_STATE/env" ] || . "$SANDBOX_STATE/env" 2>/dev/null
[ ! -e "$SANDBOX_STATE/pwd" ] || cd "$(cat "$SANDBOX_STATE/pwd")"
trap 'export -p >"$SANDBOX_STATE/env"; pwd >"$SANDBOX_STATE/pwd"' EXIT
export CODEBUILD_BUILD_SUCCEEDING=$1
shift
for sandbox_command in "$@"; do
  echo "[Container] Running command $sandbox_command"
  . "$sandbox_command" || { echo "[Container] Command failed with exit status $?"; exit 1; }
done
"""


class Refused(Exception):
    """The build was not started; str() is CodeBuild's message."""


class Broken(Exception):
    """A phase of CodeBuild's own went wrong, as ordered."""


class Builds:
    """The builds of one account and region, by id."""

    def __init__(self, account, region, endpoint, logs):
        self.account, self.region, self.endpoint, self.logs = account, region, endpoint, logs
        self.lock = threading.Lock()
        self.builds = {}
        self.processes = {}
        self.quota = 20  # builds at a time in the account
        self.orders = []  # [phase, status, times left]: such a phase goes wrong

    def start(self, project, overrides):
        """Starts a build of `project` (as CreateProject was given it) and returns its record."""
        name = project["name"]
        limit = project.get("concurrentBuildLimit")
        with self.lock:
            running = [b for b in self.builds.values() if b["projectName"] == name and not b["buildComplete"]]
            if limit and len(running) >= limit:
                raise Refused(f"Cannot have more than {limit} active builds for the project")
            if sum(not b["buildComplete"] for b in self.builds.values()) >= self.quota:
                # A project without a limit would have its builds queued; there is none here.
                raise Refused(f"Cannot have more than {self.quota} builds in queue for the account")
            identity = f"{name}:{uuid.uuid4()}"
            build = {
                "id": identity,
                "arn": f"arn:aws:codebuild:{self.region}:{self.account}:build/{identity}",
                "projectName": name,
                "buildNumber": len(self.builds) + 1,
                "buildStatus": "IN_PROGRESS",
                "buildComplete": False,
                "currentPhase": "SUBMITTED",
                "startTime": time.time(),
                "source": project["source"],
                "environment": {"environmentVariables": overrides},
                "exportedEnvironmentVariables": [],
                "phases": [],
                "logs": self._logs(project, identity),
            }
            self.builds[identity] = build
        threading.Thread(target=self._run, args=(project, build), daemon=True).start()
        return build

    def _logs(self, project, identity):
        group = project.get("logsConfig", {}).get("cloudWatchLogs", {}).get("groupName", "")
        stream = identity.partition(":")[2]
        link = f"https://console.aws.amazon.com/cloudwatch/home?region={self.region}#logsV2:log-groups/log-group/"
        return {"groupName": group, "streamName": stream, "deepLink": f"{link}{group.replace('/', '$252F')}/log-events/{stream}"}

    def stop(self, identity):
        build = self.builds[identity]
        with self.lock:
            if not build["buildComplete"]:
                build["buildStatus"] = "STOPPED"
        self._kill(identity)
        return build

    def stop_all(self):
        for identity in list(self.processes):
            self._kill(identity)

    def _kill(self, identity):
        process = self.processes.get(identity)
        if process:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def _run(self, project, build):
        work = tempfile.mkdtemp(prefix="codebuild-")
        log = None
        status = "FAULT"
        try:
            log = open(os.path.join(self.logs or work, build["id"].replace(":", "-") + ".log"), "ab")
            status = self._phases(project, build, work, log)
        except Exception as error:  # what CodeBuild would call a failure of a phase before the commands
            status = error.args[0] if isinstance(error, Broken) else "FAILED"
            build["phases"].append({
                "phaseType": build["currentPhase"], "phaseStatus": status,
                "contexts": [{"statusCode": "CLIENT_ERROR", "message": str(error)}],
            })
            if log:
                log.write(f"[Container] {error}\n".encode())
        finally:
            if log:
                log.close()
            shutil.rmtree(work, ignore_errors=True)
            self.processes.pop(build["id"], None)
            with self.lock:
                if build["buildStatus"] == "IN_PROGRESS":
                    build["buildStatus"] = status
                build["currentPhase"] = "COMPLETED"
                build["endTime"] = time.time()
                build["buildComplete"] = True

    def _enter(self, build, phase):
        """Begins a phase; raises Broken when it was ordered to go wrong."""
        build["currentPhase"] = phase
        with self.lock:
            for order in self.orders:
                if order[0] == phase and order[2] > 0:
                    order[2] -= 1
                    raise Broken(order[1])

    def _client(self, service):
        return boto3.client(service, region_name=self.region, endpoint_url=self.endpoint,
                            aws_access_key_id=BUILD_KEY, aws_secret_access_key=BUILD_KEY)

    def _phases(self, project, build, work, log):
        for name in BEFORE:
            self._enter(build, name)
            build["phases"].append({"phaseType": name, "phaseStatus": "SUCCEEDED"})
        self._enter(build, "DOWNLOAD_SOURCE")
        source, state = os.path.join(work, "src"), os.path.join(work, "state")
        os.mkdir(state)
        self._unzip(project["source"]["location"], source)
        with open(os.path.join(source, project["source"].get("buildspec") or "buildspec.yml"), encoding="utf-8") as file:
            spec = yaml.safe_load(file)
        environment = self._environment(project, build, spec, source, state)
        build["phases"].append({"phaseType": "DOWNLOAD_SOURCE", "phaseStatus": "SUCCEEDED"})
        deadline = time.monotonic() + 60 * project.get("timeoutInMinutes", 60)
        succeeding = True
        for name in PHASES:
            phase = spec.get("phases", {}).get(name)
            if not phase or not (succeeding or name == "post_build"):
                continue
            self._enter(build, name.upper())
            ended = "SUCCEEDED"
            for part in ("commands", "finally"):
                result = self._commands(build, phase.get(part) or [], environment, succeeding, deadline, log)
                if result != "SUCCEEDED":
                    ended, succeeding = result, False
                if result == "TIMED_OUT":
                    return result
            build["phases"].append({"phaseType": name.upper(), "phaseStatus": ended})
            if name in ("install", "pre_build") and not succeeding:
                break
        self._export(build, spec, environment)
        return "SUCCEEDED" if succeeding else "FAILED"

    def _unzip(self, location, directory):
        bucket, _, key = location.partition("/")
        body = self._client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            for member in archive.infolist():
                archive.extract(member, directory)  # without x bits: nobody promises them

    def _environment(self, project, build, spec, source, state):
        own = spec.get("env", {})
        wanted = [{"name": n, "value": v} for n, v in own.get("variables", {}).items()]
        wanted += [{"name": n, "value": v, "type": "SECRETS_MANAGER"} for n, v in own.get("secrets-manager", {}).items()]
        wanted += project["environment"].get("environmentVariables", [])
        wanted += build["environment"]["environmentVariables"]
        environment = {n: v for n, v in os.environ.items() if not n.startswith(("AN_", "SLACK_", "MAIL_", "BATS_"))}
        environment.update({
            "AWS_ACCESS_KEY_ID": BUILD_KEY, "AWS_SECRET_ACCESS_KEY": BUILD_KEY, "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region, "AWS_ENDPOINT_URL": self.endpoint, "CODEBUILD_BUILD_ID": build["id"],
            "CODEBUILD_SRC_DIR": source, "SANDBOX_STATE": state, "SANDBOX_SOURCE": source,
        })
        for variable in wanted:
            value = variable["value"]
            if variable.get("type") == "SECRETS_MANAGER":
                value = self._secret(value)
            environment[variable["name"]] = str(value)
        return environment

    def _secret(self, reference):
        """`reference` is the secret's ARN (seven fields) or name, a colon, and a key of the JSON object."""
        fields = reference.split(":")
        size = 7 if fields[0] == "arn" else 1
        name, key = ":".join(fields[:size]), fields[size]
        text = self._client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
        try:
            return yaml.safe_load(text)[key]
        except (KeyError, TypeError):
            raise ValueError(f"Secrets Manager Error Message: key {key} is not in the secret {name}") from None

    def _commands(self, build, commands, environment, succeeding, deadline, log):
        if not commands or build["buildStatus"] != "IN_PROGRESS":
            return "SUCCEEDED" if not commands else "STOPPED"
        paths = []
        for command in commands:
            paths.append(os.path.join(environment["SANDBOX_STATE"], f"command-{uuid.uuid4().hex[:8]}"))
            with open(paths[-1], "w", encoding="utf-8") as file:
                file.write(str(command) + "\n")
        log.flush()
        process = subprocess.Popen(
            ["bash", "-c", RUNNER, "build", str(int(succeeding)), *paths], cwd=environment["SANDBOX_SOURCE"],
            env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.processes[build["id"]] = process
        try:
            return "SUCCEEDED" if process.wait(max(0.0, deadline - time.monotonic())) == 0 else "FAILED"
        except subprocess.TimeoutExpired:
            self._kill(build["id"])
            process.wait()
            return "TIMED_OUT"

    def _export(self, build, spec, environment):
        for name in spec.get("env", {}).get("exported-variables", []):
            value = subprocess.run(["bash", "-c", '. "$SANDBOX_STATE/env" 2>/dev/null; printf %s "${!1-}"', "export", name],
                                   env=environment, stdout=subprocess.PIPE, check=False).stdout.decode()
            build["exportedEnvironmentVariables"].append({"name": name, "value": value})



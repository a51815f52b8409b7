"""Two integrations for moto's interpreter of state machines: codebuild:startBuild, with and without .sync, which it
does not know, and aws-sdk:sfn, which it calls with the wrong case.  As with Step Functions itself, parameters and
results are in PascalCase, and a build that ends badly is States.TaskFailed with the build as its cause.
"""

import datetime
import functools

from botocore.exceptions import ClientError
from moto.stepfunctions.parser.api import HistoryEventType, TaskFailedEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_aws_sdk import (
    StateTaskServiceAwsSdk,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails
from moto.stepfunctions.parser.asl.utils.boto_client import boto_client_for
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str


def recased(value, first):
    """`value` with the first letter of every key in all of its objects changed by `first`."""
    if isinstance(value, dict):
        return {first(key[0]) + key[1:]: recased(member, first) for key, member in value.items()}
    if isinstance(value, list):
        return [recased(member, first) for member in value]
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return value


class CodeBuildTask(StateTaskServiceCallback):
    def __init__(self):
        # The callback pattern gives the task the means to wait; a definition never asks for it.
        super().__init__(supported_integration_patterns={ResourceCondition.WaitForTaskToken, ResourceCondition.Sync})

    def _get_supported_parameters(self):
        if self.resource.api_action != "startBuild" or self.resource.condition not in (None, ResourceCondition.Sync):
            return None
        return {"ProjectName", "EnvironmentVariablesOverride", "IdempotencyToken"}

    def _failed(self, env, name, cause):
        details = TaskFailedEventDetails(error=name.error_name, cause=cause, resource=self._get_sfn_resource(),
                                         resourceType=self._get_sfn_resource_type())
        return FailureEvent(env=env, error_name=name, event_type=HistoryEventType.TaskFailed,
                            event_details=EventDetails(taskFailedEventDetails=details))

    def _from_error(self, env, ex):
        if isinstance(ex, ClientError):
            error = ex.response["Error"]
            return self._failed(env, CustomErrorName(f"CodeBuild.{error['Code']}"), error["Message"])
        return super()._from_error(env=env, ex=ex)

    def _client(self, resource_runtime_part, state_credentials):
        return boto_client_for(service="codebuild", region=resource_runtime_part.region, state_credentials=state_credentials)

    def _eval_service_task(self, env, resource_runtime_part, normalised_parameters, state_credentials):
        client = self._client(resource_runtime_part, state_credentials)
        answer = client.start_build(**recased(normalised_parameters, str.lower))
        env.stack.append({"Build": shown(answer["build"])})

    def _build_sync_resolver(self, env, resource_runtime_part, normalised_parameters, state_credentials):
        client = self._client(resource_runtime_part, state_credentials)
        identity = env.stack.pop()["Build"]["Id"]

        def resolve():
            build = client.batch_get_builds(ids=[identity])["builds"][0]
            if not build["buildComplete"]:
                return None
            if build["buildStatus"] == "SUCCEEDED":
                return {"Build": shown(build)}
            name = StatesErrorName(typ=StatesErrorNameType.StatesTaskFailed)
            raise FailureEventException(self._failed(env, name, to_json_str({"Build": shown(build)})))

        return resolve


class StatesTask(StateTaskServiceAwsSdk):
    def _eval_service_task(self, env, resource_runtime_part, normalised_parameters, state_credentials):
        parameters = recased(normalised_parameters, str.lower)
        super()._eval_service_task(env, resource_runtime_part, parameters, state_credentials)
        env.stack.append(recased(env.stack.pop(), str.upper))


def shown(build):
    """A build as Step Functions shows it."""
    return recased(build, str.upper)


def install():
    original = state_task_factory.state_task_service_for

    @functools.wraps(original)
    def service_for(service_name):
        ours = {"codebuild": CodeBuildTask, "aws-sdk": StatesTask}
        return ours[service_name]() if service_name in ours else original(service_name)

    state_task_factory.state_task_service_for = service_for

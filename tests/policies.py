#!/usr/bin/env python3
"""Walks every policy in the output of terraform show -json, and fails on what allows more than is listed here.

usage: policies.py STATE.json
"""

import json
import re
import sys

# What each role may do, and why.  An action that is missing here is one too many.
ACTIONS = {
    "build": {
        "logs:CreateLogStream", "logs:PutLogEvents",  # the log of a build
        "s3:GetObject", "s3:GetObjectVersion",  # the program, and the mail
        "s3:PutObject",  # the compiled programs, once
        "s3:GetBucketAcl", "s3:GetBucketLocation",  # CodeBuild looks whose bucket its source is in
        "s3:GetObjectTagging", "s3:PutObjectTagging",  # a mail is tagged when it is done
        "s3:ListBucket",  # among the mails only: one that is not there is known as such
        "dynamodb:Query", "dynamodb:GetItem",  # the roster is read, and the lock
        "dynamodb:BatchWriteItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem",
        "secretsmanager:GetSecretValue",
    },
    "machine": {
        "codebuild:StartBuild", "codebuild:StopBuild", "codebuild:BatchGetBuilds",
        "events:PutTargets", "events:PutRule", "events:DescribeRule",  # how .sync learns of a build's end
        "states:ListExecutions",  # whose turn it is
        "sns:Publish",
    },
    "events": {"states:StartExecution"},
}
SERVICES = {
    "aws_s3_bucket_policy": {"ses.amazonaws.com": {"s3:PutObject"}},
    "aws_sns_topic_policy": {"cloudwatch.amazonaws.com": {"sns:Publish"}},
    "aws_sqs_queue": {"events.amazonaws.com": {"sqs:SendMessage"}},
}
# Wildcards in resources, and why there is no ARN to name.
WILDCARDS = [
    r"arn:aws:logs:[\w-]+:\d+:log-group:/aws/codebuild/an-sync-\w+:log-stream:\*",  # CodeBuild names the streams
    r"arn:aws:s3:::an-sync-[\w-]+/mail/\*",  # SES names the mails
]


def resources(module):
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from resources(child)


def as_list(value):
    return value if isinstance(value, list) else [value]


def conditions(statement):
    return {key: value for test in statement.get("Condition", {}).values() for key, value in test.items()}


def problems(resource, name, policy):
    kind = resource["type"]
    for statement in as_list(policy["Statement"]):
        actions = set(as_list(statement["Action"]))
        if statement["Effect"] == "Deny":
            if conditions(statement) != {"aws:SecureTransport": "false"}:
                yield f"denies more than requests without TLS: {statement}"
            continue
        if "NotAction" in statement or "NotResource" in statement:
            yield "says what it does not allow instead of what it allows"
        service = statement.get("Principal", {}).get("Service")
        if name == "assume_role_policy":
            if actions != {"sts:AssumeRole"} or not {"aws:SourceAccount", "aws:SourceArn"} <= set(conditions(statement)):
                yield "lets the role be taken for any resource"
        elif kind == "aws_iam_role_policy":
            allowed = ACTIONS[resource["name"]]
            if actions - allowed:
                yield f"allows {sorted(actions - allowed)}"
        else:
            allowed = SERVICES[kind].get(service, set())
            if not actions <= allowed or "aws:SourceArn" not in conditions(statement):
                yield f"allows {sorted(actions)} to {statement.get('Principal')}"
        for target in as_list(statement.get("Resource", [])):
            if re.search(r"[*?]", target) and not any(re.fullmatch(pattern, target) for pattern in WILDCARDS):
                yield f"is for {target}"
        if "s3:PutObject" in actions and kind == "aws_iam_role_policy" and conditions(statement) != {"s3:if-none-match": "false"}:
            yield "may replace an object"
        if "s3:ListBucket" in actions and (actions != {"s3:ListBucket"} or conditions(statement) != {"s3:prefix": "mail/*"}):
            yield "lists more than the mails"
        elif any("*" in str(value) for key, value in conditions(statement).items() if key != "s3:prefix"):
            yield "has a wildcard in a condition"


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        state = json.load(file)
    count = 0
    wrong = []
    granted = {role: set() for role in ACTIONS}
    for resource in resources(state["values"]["root_module"]):
        # aws_sns_topic repeats the policy of aws_sns_topic_policy.
        if resource["mode"] != "managed" or resource["type"] == "aws_sns_topic":
            continue
        if resource["type"] == "aws_iam_role_policy_attachment" or resource["values"].get("managed_policy_arns"):
            wrong.append(f"{resource['address']}: a policy of AWS's own allows more than is known here")
        for name, value in resource["values"].items():
            if isinstance(value, str) and '"Statement"' in value:
                count += 1
                policy = json.loads(value)
                wrong += [f"{resource['address']} {name}: {problem}" for problem in problems(resource, name, policy)]
                if resource["type"] == "aws_iam_role_policy":
                    for statement in as_list(policy["Statement"]):
                        granted[resource["name"]] |= set(as_list(statement["Action"]))
    for role, actions in ACTIONS.items():
        if granted[role] != actions:
            wrong.append(f"the role {role} lacks {sorted(actions - granted[role])}")
    print("\n".join(wrong) if wrong else f"{count} policies")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

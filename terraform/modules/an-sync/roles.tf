# Three services act for the group, each with a role of its own that only the one resource may take.

locals {
  roles = {
    build   = { service = "codebuild.amazonaws.com", source = local.project_arn }
    machine = { service = "states.amazonaws.com", source = local.state_machine_arn }
    events  = { service = "events.amazonaws.com", source = local.event_rule_arn }
  }
}

data "aws_iam_policy_document" "trust" {
  for_each = local.roles
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = [each.value.service]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [each.value.source]
    }
  }
}

# ---- CodeBuild: what an-sync does ----

resource "aws_iam_role" "build" {
  name               = "${var.name}-build"
  assume_role_policy = data.aws_iam_policy_document.trust["build"].json
}

data "aws_iam_policy_document" "build" {
  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = [aws_cloudwatch_log_group.builds.arn, "${aws_cloudwatch_log_group.builds.arn}:log-stream:*"]
  }
  statement {
    sid     = "Program"
    actions = ["s3:GetObject", "s3:GetObjectVersion"]
    resources = concat(
      ["${aws_s3_bucket.mail.arn}/${local.dist_key}", "${aws_s3_bucket.mail.arn}/${local.programs_key}"],
      var.field_map == null ? [] : ["${aws_s3_bucket.mail.arn}/${local.map_key}"]
    )
  }
  statement {
    # Once: the condition refuses a request that would replace the object.
    sid       = "KeepPrograms"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.mail.arn}/${local.programs_key}"]
    condition {
      test     = "Null"
      variable = "s3:if-none-match"
      values   = ["false"]
    }
  }
  statement {
    sid       = "WhoseBucket"
    actions   = ["s3:GetBucketAcl", "s3:GetBucketLocation"]
    resources = [aws_s3_bucket.mail.arn]
  }
  statement {
    # Without it S3 says of a mail that is not there that access is denied, and so would an-sync.
    sid       = "WhetherAMailIsThere"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.mail.arn]
    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["${local.mail_prefix}*"]
    }
  }
  statement {
    sid       = "Mails"
    actions   = ["s3:GetObject", "s3:GetObjectTagging", "s3:PutObjectTagging"]
    resources = ["${aws_s3_bucket.mail.arn}/${local.mail_prefix}*"]
  }
  statement {
    sid = "Roster"
    actions = [
      "dynamodb:BatchWriteItem",
      "dynamodb:DeleteItem",
      "dynamodb:GetItem",
      "dynamodb:Query",
      "dynamodb:UpdateItem",
    ]
    resources = [aws_dynamodb_table.roster.arn]
  }
  statement {
    sid       = "Keys"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [aws_secretsmanager_secret.keys.arn]
  }
}

resource "aws_iam_role_policy" "build" {
  name   = "an-sync"
  role   = aws_iam_role.build.id
  policy = data.aws_iam_policy_document.build.json
}

# ---- Step Functions ----

resource "aws_iam_role" "machine" {
  name               = "${var.name}-machine"
  assume_role_policy = data.aws_iam_policy_document.trust["machine"].json
}

data "aws_iam_policy_document" "machine" {
  statement {
    sid       = "Builds"
    actions   = ["codebuild:StartBuild", "codebuild:StopBuild", "codebuild:BatchGetBuilds"]
    resources = [local.project_arn]
  }
  statement {
    # Step Functions learns of a build's end by a rule that it makes itself, under this name.
    sid       = "EndOfBuilds"
    actions   = ["events:PutTargets", "events:PutRule", "events:DescribeRule"]
    resources = ["arn:aws:events:${local.region}:${local.account}:rule/StepFunctionsGetEventForCodeBuildStartBuildRule"]
  }
  statement {
    sid       = "WhoCameFirst"
    actions   = ["states:ListExecutions"]
    resources = [local.state_machine_arn]
  }
  statement {
    sid       = "TellPeople"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alarms.arn]
  }
}

resource "aws_iam_role_policy" "machine" {
  name   = "an-sync"
  role   = aws_iam_role.machine.id
  policy = data.aws_iam_policy_document.machine.json
}

# ---- EventBridge ----

resource "aws_iam_role" "events" {
  name               = "${var.name}-events"
  assume_role_policy = data.aws_iam_policy_document.trust["events"].json
}

data "aws_iam_policy_document" "events" {
  statement {
    sid       = "StartTheSync"
    actions   = ["states:StartExecution"]
    resources = [local.state_machine_arn]
  }
}

resource "aws_iam_role_policy" "events" {
  name   = "an-sync"
  role   = aws_iam_role.events.id
  policy = data.aws_iam_policy_document.events.json
}

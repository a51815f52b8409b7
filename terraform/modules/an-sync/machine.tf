# One execution a mail. That an export never overtakes an earlier one rests on four things, of which each
# alone would keep the roster right:
#   - an execution begins its builds when it is the oldest that runs, so they take their turns in the order of
#     their coming; nothing is held that a dead execution could fail to give back;
#   - the project runs one build at a time;
#   - an-sync locks the roster for the time of a run;
#   - an-sync refuses an export that is older than the last one synced.
# A FIFO queue with a pipe would not do: a pipe starts a standard execution and does not wait for its end.

resource "aws_sfn_state_machine" "sync" {
  name     = var.name
  role_arn = aws_iam_role.machine.arn
  definition = templatefile("${path.module}/state-machine.asl.json", {
    project = aws_codebuild_project.sync.name
    topic   = aws_sns_topic.alarms.arn
  })

  # Step Functions tries the role when it makes the machine.
  depends_on = [aws_iam_role_policy.machine]
}

resource "aws_cloudwatch_event_rule" "mail" {
  name        = var.name
  description = "A mail has come for ${var.name}."
  event_pattern = jsonencode({
    source        = ["aws.s3"]
    "detail-type" = ["Object Created"]
    detail = {
      bucket = { name = [aws_s3_bucket.mail.id] }
      object = { key = [{ prefix = local.mail_prefix }] }
    }
  })
}

resource "aws_cloudwatch_event_target" "mail" {
  rule      = aws_cloudwatch_event_rule.mail.name
  target_id = "state-machine"
  arn       = aws_sfn_state_machine.sync.arn
  role_arn  = aws_iam_role.events.arn

  # Without quotes around them, EventBridge writes the values as JSON strings, whatever they hold.
  input_transformer {
    input_paths = {
      bucket = "$.detail.bucket.name"
      key    = "$.detail.object.key"
    }
    input_template = "{\"bucket\": <bucket>, \"key\": <key>}"
  }

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }

  dynamic "dead_letter_config" {
    for_each = aws_sqs_queue.undelivered
    content {
      arn = dead_letter_config.value.arn
    }
  }
}

# Events that EventBridge could not deliver for a day; an alarm watches it.
resource "aws_sqs_queue" "undelivered" {
  count                     = var.emulated ? 0 : 1
  name                      = local.queue_name
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  policy                    = data.aws_iam_policy_document.undelivered.json
}

data "aws_iam_policy_document" "undelivered" {
  statement {
    sid       = "EventsOfThisRule"
    actions   = ["sqs:SendMessage"]
    resources = [local.queue_arn]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.event_rule_arn]
    }
  }
}

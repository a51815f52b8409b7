# One execution a mail, and three things that keep the roster right:
#   - order: an execution begins its builds when it is the oldest that runs; nothing is held that a dead
#     execution could fail to give back. The list that it looks at can lag, so this alone is no promise;
#   - one at a time: the project runs one build at a time, and an-sync locks the roster for the time of a run,
#     also against one elsewhere;
#   - the last word: an-sync refuses an export that is older than the last one synced. One that was overtaken
#     all the same changes nothing, and people are told.
# A FIFO queue with a pipe would not do: a pipe starts a standard execution and does not wait for its end.

resource "aws_sfn_state_machine" "sync" {
  name     = var.name
  role_arn = aws_iam_role.machine.arn
  definition = templatefile("${path.module}/state-machine.asl.json", {
    project = aws_codebuild_project.sync.name
    topic   = aws_sns_topic.alarms.arn
    builds  = "${local.builds_url}/build"
    region  = local.region
  })

  # An execution that runs ends when its state does: at the longest wait, half an hour. A build goes on for hours.
  timeouts {
    delete = "45m"
  }

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

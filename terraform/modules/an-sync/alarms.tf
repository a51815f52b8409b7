resource "aws_sns_topic" "alarms" {
  name = "${var.name}-alarms"
}

resource "aws_sns_topic_subscription" "emails" {
  for_each  = var.alarm_emails
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}

data "aws_iam_policy_document" "alarms" {
  statement {
    sid       = "TheseAlarms"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.alarms.arn]
    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = local.alarm_arns
    }
  }
}

resource "aws_sns_topic_policy" "alarms" {
  arn    = aws_sns_topic.alarms.arn
  policy = data.aws_iam_policy_document.alarms.json
}

locals {
  # How an execution can end badly; the state machine itself can tell only of the first.
  bad_ends = ["ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"]
}

resource "aws_cloudwatch_metric_alarm" "not_synced" {
  alarm_name          = "${var.name}-not-synced"
  alarm_description   = "A mail of ${var.name} was not synced. Its execution says why; start it again when the cause is gone. The logs of its builds: ${local.builds_url}/history?region=${local.region}"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "bad"
    expression  = join(" + ", [for end in local.bad_ends : "FILL(${lower(end)}, 0)"])
    label       = "executions that ended badly"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = local.bad_ends
    content {
      id = lower(metric_query.value)
      metric {
        namespace   = "AWS/States"
        metric_name = metric_query.value
        dimensions  = { StateMachineArn = aws_sfn_state_machine.sync.arn }
        stat        = "Sum"
        period      = 300
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "not_started" {
  alarm_name          = "${var.name}-not-started"
  alarm_description   = "A mail of ${var.name} has come, but its sync could not be started. The event is in the queue ${local.queue_name}."
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  evaluation_periods  = 1
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = local.queue_name }
  statistic           = "Maximum"
  period              = 300
}

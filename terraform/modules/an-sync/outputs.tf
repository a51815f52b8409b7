output "bucket" {
  description = "Where the mails are, under mail/."
  value       = aws_s3_bucket.mail.id
}

output "mail_prefix" {
  description = "What the keys of mails begin with."
  value       = local.mail_prefix
}

output "state_machine" {
  description = "The ARN to start an execution of by hand, with {\"bucket\": ..., \"key\": ...}."
  value       = aws_sfn_state_machine.sync.arn
}

output "project" {
  description = "The CodeBuild project."
  value       = aws_codebuild_project.sync.name
}

output "log_group" {
  description = "Where the builds log to: aws logs tail."
  value       = aws_cloudwatch_log_group.builds.name
}

output "roster" {
  description = "The roster as an-sync names it: what AN_ROSTER is."
  value       = local.settings.AN_ROSTER
}

output "table" {
  description = "The DynamoDB table."
  value       = aws_dynamodb_table.roster.name
}

output "secret" {
  description = "The secret to put AN_API_KEY and SLACK_WEBHOOK_URL into."
  value       = aws_secretsmanager_secret.keys.name
}

output "topic" {
  description = "The SNS topic that tells of failures."
  value       = aws_sns_topic.alarms.arn
}

output "undelivered" {
  description = "The queue of events that could not be delivered."
  value       = local.queue_name
}

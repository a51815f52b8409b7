# One group: the mails that SES receives for it are synced to Action Network.
#
#   mail.tf      bucket and receipt rule          mail -> SES -> S3
#   machine.tf   event rule and state machine     S3 -> EventBridge -> Step Functions
#   build.tf     the project that runs an-sync    Step Functions -> CodeBuild
#   roster.tf    table and secret                 what an-sync reads and writes
#   alarms.tf    who is told when it fails
#   roles.tf     what each of them may do, and nothing else

data "aws_caller_identity" "current" {}
data "aws_region" "current" {}

# The ARNs that a policy needs before its resource exists, or that would else refer in a circle.
locals {
  account = data.aws_caller_identity.current.account_id
  region  = data.aws_region.current.name

  mail_prefix = "mail/"
  dist_key    = "code/an-sync.zip"
  map_key     = "code/field-map.json"
  # Of this version, and for this image: the first build keeps its programs there, and no other replaces them.
  programs_key = "code/programs-${substr(sha256("${filesha256(var.dist)} ${var.build_image}"), 0, 16)}.tar.gz"
  roster       = "members"
  queue_name   = "${var.name}-undelivered"

  receipt_rule_arn  = "arn:aws:ses:${local.region}:${local.account}:receipt-rule-set/${var.rule_set_name}:receipt-rule/${var.name}"
  event_rule_arn    = "arn:aws:events:${local.region}:${local.account}:rule/${var.name}"
  state_machine_arn = "arn:aws:states:${local.region}:${local.account}:stateMachine:${var.name}"
  queue_arn         = "arn:aws:sqs:${local.region}:${local.account}:${local.queue_name}"
  project_arn       = "arn:aws:codebuild:${local.region}:${local.account}:project/${var.name}"
  builds_url        = "https://${local.region}.console.aws.amazon.com/codesuite/codebuild/${local.account}/projects/${var.name}"
  alarm_arns = [
    for alarm in ["not-synced", "not-started"] : "arn:aws:cloudwatch:${local.region}:${local.account}:alarm:${var.name}-${alarm}"
  ]
}

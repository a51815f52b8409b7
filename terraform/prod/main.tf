# Any number of groups in one account. The state is remote: terraform init -backend-config=backend.hcl

terraform {
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region              = var.region
  allowed_account_ids = var.account == null ? null : [var.account]

  default_tags {
    tags = merge({ project = "an-sync", "managed-by" = "terraform" }, var.tags)
  }
}

locals {
  version = var.dist != null ? "" : regex("(?m)^VERSION := (\\S+)$", file("${path.root}/../../Makefile"))[0]
}

resource "aws_ses_domain_identity" "mail" {
  for_each = var.domains
  domain   = each.value
}

# An account has one active rule set in a region: making ours the one would take away the mail of whoever has another.
resource "terraform_data" "no_other_rule_set" {
  count = var.create_rule_set ? 1 : 0

  provisioner "local-exec" {
    quiet       = true
    environment = { AWS_REGION = var.region, AWS_PAGER = "", OURS = var.rule_set_name }
    command     = <<-END
      active=$(aws ses describe-active-receipt-rule-set --query Metadata.Name --output text) || exit
      case $active in "$OURS" | None | '') exit ;; esac
      echo "This region has an active rule set: $active. Set rule_set_name to it, and create_rule_set = false."
      exit 1
    END
  }
}

resource "aws_ses_receipt_rule_set" "mail" {
  count         = var.create_rule_set ? 1 : 0
  rule_set_name = var.rule_set_name
  depends_on    = [terraform_data.no_other_rule_set]
}

resource "aws_ses_active_receipt_rule_set" "mail" {
  count         = var.create_rule_set ? 1 : 0
  rule_set_name = aws_ses_receipt_rule_set.mail[0].rule_set_name
}

module "group" {
  source   = "../modules/an-sync"
  for_each = var.groups

  name                = "an-sync-${each.key}"
  recipients          = each.value.recipients
  rule_set_name       = var.create_rule_set ? aws_ses_receipt_rule_set.mail[0].rule_set_name : var.rule_set_name
  dist                = var.dist != null ? var.dist : "${path.root}/../../build/an-sync-${local.version}.zip"
  mail_from           = each.value.mail_from
  mail_subject        = each.value.mail_subject
  require_auth        = each.value.require_auth
  adopt               = each.value.adopt
  max_lapse           = each.value.max_lapse
  field_map           = each.value.field_map
  environment         = each.value.environment
  build_minutes       = each.value.build_minutes
  keep_mail_days      = each.value.keep_mail_days
  keep_log_days       = each.value.keep_log_days
  deletion_protection = each.value.deletion_protection
  force_destroy       = !each.value.deletion_protection
  alarm_emails        = each.value.alarm_emails
  emulated            = var.emulated
}

# Goes before all else when a group is destroyed, and fails while it is protected: otherwise Terraform would
# take down whatever it can before it comes to the table and the bucket, which refuse.
resource "terraform_data" "guard" {
  for_each = var.groups
  input    = each.value.deletion_protection

  provisioner "local-exec" {
    when    = destroy
    quiet   = true
    command = self.input ? "echo The group ${each.key} is protected: apply deletion_protection = false first. && exit 1" : "exit 0"
  }

  depends_on = [module.group, aws_ses_domain_identity.mail, aws_ses_active_receipt_rule_set.mail]
}

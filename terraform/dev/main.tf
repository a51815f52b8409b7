# The group of the samples, on this machine: the module of production against moto or LocalStack, with every
# endpoint on one port and keys that open nothing.

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true

  endpoints {
    cloudwatch     = var.endpoint
    codebuild      = var.endpoint
    dynamodb       = var.endpoint
    events         = var.endpoint
    iam            = var.endpoint
    logs           = var.endpoint
    s3             = var.endpoint
    secretsmanager = var.endpoint
    ses            = var.endpoint
    sfn            = var.endpoint
    sns            = var.endpoint
    sqs            = var.endpoint
    sts            = var.endpoint
  }
}

locals {
  version = var.dist != null ? "" : regex("(?m)^VERSION := (\\S+)$", file("${path.root}/../../Makefile"))[0]
}

resource "aws_ses_receipt_rule_set" "mail" {
  rule_set_name = "an-sync"
}

resource "aws_ses_active_receipt_rule_set" "mail" {
  rule_set_name = aws_ses_receipt_rule_set.mail.rule_set_name
}

module "group" {
  source = "../modules/an-sync"

  name          = "an-sync-dev"
  recipients    = ["sync@mail.example.org"]
  rule_set_name = aws_ses_receipt_rule_set.mail.rule_set_name
  dist          = var.dist != null ? var.dist : "${path.root}/../../build/an-sync-${local.version}.zip"
  require_auth  = var.require_auth

  environment = {
    AN_API_URL       = var.action_network
    AWS_ENDPOINT_URL = var.endpoint
  }

  deletion_protection = false
  force_destroy       = true
  emulated            = var.emulated
}

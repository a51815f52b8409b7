resource "aws_dynamodb_table" "roster" {
  name                        = var.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "roster"
  range_key                   = "email"
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "roster"
    type = "S"
  }
  attribute {
    name = "email"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }
  server_side_encryption {
    enabled = true
  }
}

# Only the secret's place: its value is put there with the aws CLI and never enters Terraform's state.
# It always has both keys, since CodeBuild refuses to start a build whose key is missing:
#   {"AN_API_KEY": "...", "SLACK_WEBHOOK_URL": "..."}   (an empty webhook is none)
resource "aws_secretsmanager_secret" "keys" {
  name                    = var.name
  description             = "AN_API_KEY and SLACK_WEBHOOK_URL of ${var.name}, as one JSON object."
  recovery_window_in_days = var.deletion_protection ? 7 : 0 # while it can be brought back, its name is taken
}

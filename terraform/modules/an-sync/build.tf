resource "aws_s3_object" "dist" {
  bucket      = aws_s3_bucket.mail.id
  key         = local.dist_key
  source      = var.dist
  source_hash = filesha256(var.dist)

  depends_on = [aws_s3_bucket_versioning.mail, aws_s3_bucket_server_side_encryption_configuration.mail]
}

resource "aws_s3_object" "field_map" {
  count       = var.field_map == null ? 0 : 1
  bucket      = aws_s3_bucket.mail.id
  key         = local.map_key
  source      = var.field_map
  source_hash = filesha256(var.field_map)

  depends_on = [aws_s3_bucket_versioning.mail, aws_s3_bucket_server_side_encryption_configuration.mail]
}

locals {
  settings = merge(
    {
      AN_ROSTER            = "dynamodb:${aws_dynamodb_table.roster.name}/${local.roster}"
      AN_DEADLINE          = tostring((var.build_minutes - 10) * 60)
      AN_ADOPT             = var.adopt ? "yes" : ""
      AN_MAX_LAPSE         = var.max_lapse
      AN_MAIL_FROM         = join(",", var.mail_from)
      AN_MAIL_SUBJECT      = var.mail_subject
      AN_MAIL_REQUIRE_AUTH = var.require_auth ? "1" : ""
      PROGRAMS_URL         = "s3://${aws_s3_bucket.mail.id}/${local.programs_key}"
      FIELD_MAP_URL        = var.field_map == null ? "" : "s3://${aws_s3_bucket.mail.id}/${local.map_key}"
    },
    var.environment
  )
  secrets = { for key in ["AN_API_KEY", "SLACK_WEBHOOK_URL"] : key => "${aws_secretsmanager_secret.keys.arn}:${key}" }
}

resource "aws_codebuild_project" "sync" {
  name                   = var.name
  description            = "Runs an-sync on one mail."
  service_role           = aws_iam_role.build.arn
  build_timeout          = var.build_minutes
  concurrent_build_limit = 1 # over it, and over the account's, builds are refused and not queued

  source {
    type      = "S3"
    location  = "${aws_s3_bucket.mail.id}/${aws_s3_object.dist.key}"
    buildspec = "scripts/buildspec.yml"
  }

  artifacts {
    type = "NO_ARTIFACTS"
  }

  environment {
    type         = "LINUX_CONTAINER"
    image        = var.build_image
    compute_type = var.build_size

    # An empty setting is left out: CodeBuild refuses it.
    dynamic "environment_variable" {
      for_each = { for key, value in local.settings : key => value if value != "" }
      content {
        name  = environment_variable.key
        value = environment_variable.value
      }
    }

    dynamic "environment_variable" {
      for_each = local.secrets
      content {
        name  = environment_variable.key
        value = environment_variable.value
        type  = "SECRETS_MANAGER"
      }
    }
  }

  logs_config {
    cloudwatch_logs {
      group_name = aws_cloudwatch_log_group.builds.name
    }
  }
}

resource "aws_cloudwatch_log_group" "builds" {
  name              = "/aws/codebuild/${var.name}"
  retention_in_days = var.keep_log_days
}

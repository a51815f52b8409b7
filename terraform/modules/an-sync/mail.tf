resource "aws_s3_bucket" "mail" {
  bucket        = "${var.name}-${local.account}"
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_versioning" "mail" {
  bucket = aws_s3_bucket.mail.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "mail" {
  bucket = aws_s3_bucket.mail.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "mail" {
  bucket                  = aws_s3_bucket.mail.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "mail" {
  bucket = aws_s3_bucket.mail.id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

data "aws_iam_policy_document" "bucket" {
  statement {
    sid       = "OnlyOverTLS"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.mail.arn, "${aws_s3_bucket.mail.arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  statement {
    sid       = "MailFromThisRule"
    actions   = ["s3:PutObject"]
    resources = ["${aws_s3_bucket.mail.arn}/${local.mail_prefix}*"]
    principals {
      type        = "Service"
      identifiers = ["ses.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceArn"
      values   = [local.receipt_rule_arn]
    }
  }
}

resource "aws_s3_bucket_policy" "mail" {
  bucket = aws_s3_bucket.mail.id
  policy = data.aws_iam_policy_document.bucket.json

  # S3 refuses a policy while it is still deciding whether public ones are blocked.
  depends_on = [aws_s3_bucket_public_access_block.mail]
}

# An expired mail stays behind as an older version for a week, in which it can be brought back.
resource "aws_s3_bucket_lifecycle_configuration" "mail" {
  count  = var.emulated ? 0 : 1
  bucket = aws_s3_bucket.mail.id

  rule {
    id     = "delete-mails"
    status = "Enabled"
    filter {
      prefix = local.mail_prefix
    }
    expiration {
      days = var.keep_mail_days - 7
    }
    noncurrent_version_expiration {
      noncurrent_days = 7
    }
  }

  rule {
    id     = "delete-older-programs"
    status = "Enabled"
    filter {
      prefix = "code/"
    }
    noncurrent_version_expiration {
      noncurrent_days = 90
    }
  }

  # So that they are made anew with newer libraries, and those of older versions go.
  rule {
    id     = "renew-programs"
    status = "Enabled"
    filter {
      prefix = "code/programs-"
    }
    expiration {
      days = 180
    }
  }

  rule {
    id     = "clean-up"
    status = "Enabled"
    filter {}
    expiration {
      expired_object_delete_marker = true
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }

  depends_on = [aws_s3_bucket_versioning.mail]
}

resource "aws_s3_bucket_notification" "mail" {
  bucket      = aws_s3_bucket.mail.id
  eventbridge = true
}

# SES writes the mail as it came; the bucket encrypts it. Spam and virus verdicts become headers, which
# an-sync looks at when require_auth is set.
resource "aws_ses_receipt_rule" "mail" {
  name          = var.name
  rule_set_name = var.rule_set_name
  recipients    = var.recipients
  enabled       = true
  scan_enabled  = true
  tls_policy    = "Require"

  s3_action {
    position          = 1
    bucket_name       = aws_s3_bucket.mail.id
    object_key_prefix = local.mail_prefix
  }

  depends_on = [aws_s3_bucket_policy.mail]
}

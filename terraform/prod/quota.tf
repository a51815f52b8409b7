# A new account may have a quota of no build at a time. It then refuses a project that is limited to one, in the
# middle of an apply. This says so before anything is made.

data "aws_servicequotas_service_quota" "builds" {
  count        = var.check_quota ? 1 : 0
  service_code = "codebuild"
  quota_code   = "L-9D07B6EF" # Concurrently running builds for Linux/Small environment

  lifecycle {
    postcondition {
      condition     = self.value >= 1
      error_message = <<-END
        CodeBuild's quota of builds at a time (L-9D07B6EF) is 0 in ${var.region}. Ask for 5, and wait until it is granted:

          aws service-quotas request-service-quota-increase --service-code codebuild --quota-code L-9D07B6EF --desired-value 5 --region ${var.region}
      END
    }
  }
}

check "quota" {
  assert {
    condition     = alltrue([for quota in data.aws_servicequotas_service_quota.builds : quota.value >= length(var.groups)])
    error_message = "CodeBuild's quota of builds at a time (L-9D07B6EF) is lower than the number of groups: they wait for each other, for half a day at the most. Ask for more; it costs nothing."
  }
}

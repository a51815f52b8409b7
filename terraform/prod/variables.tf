variable "region" {
  description = "A region in which SES receives mail."
  type        = string
}

variable "account" {
  description = "The account that this may be applied to; null is whichever the credentials belong to."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags for every resource, beside the project's own two. An object in S3 has ten at the most."
  type        = map(string)
  default     = {}
  validation {
    condition     = length(var.tags) <= 8
    error_message = "At most eight tags: an object in S3 has ten, and two are the project's own."
  }
}

variable "domains" {
  description = "Domains to be verified for receiving mail. Leave out one that SES already knows."
  type        = set(string)
  default     = []
}

variable "rule_set_name" {
  description = "The SES receipt rule set. An account has one active set in a region: name it, if there is one."
  type        = string
  default     = "an-sync"
}

variable "create_rule_set" {
  description = "Whether to make the rule set and the active one. False when the account already receives mail."
  type        = bool
  default     = true
}

variable "check_quota" {
  description = "Look at CodeBuild's quota before anything is made. False where the right to read quotas is missing."
  type        = bool
  default     = true
}

variable "dist" {
  description = "The archive that make dist wrote; null is that of this checkout's version."
  type        = string
  default     = null
}

variable "groups" {
  description = "The groups, by a short name; the module's variables of the same names say what each setting does. While deletion_protection is true, nothing of a group is destroyed; false lets its mails and its roster go with it."
  type = map(object({
    recipients          = list(string)
    mail_from           = optional(list(string), [])
    mail_subject        = optional(string, "")
    require_auth        = optional(bool, true)
    adopt               = optional(bool, true)
    max_lapse           = optional(string, "10%")
    field_map           = optional(string)
    environment         = optional(map(string), {})
    build_minutes       = optional(number, 60)
    keep_mail_days      = optional(number, 90)
    keep_log_days       = optional(number, 90)
    deletion_protection = optional(bool, true)
    alarm_emails        = optional(set(string), [])
  }))
}

variable "emulated" {
  description = "True only to try this against an emulator; see the module."
  type        = bool
  default     = false
}

# ---- who the group is ----

variable "name" {
  description = "Names every resource of the group, such as an-sync-boston."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,38}[a-z0-9]$", var.name))
    error_message = "The name is 3 to 40 lower case letters, digits and hyphens, beginning with a letter."
  }
}

variable "recipients" {
  description = "The addresses (or domains) that receive the exports, such as sync@mail.example.org."
  type        = list(string)
  validation {
    condition     = length(var.recipients) > 0
    error_message = "Without a recipient the receipt rule would take every mail of the account."
  }
}

variable "rule_set_name" {
  description = "The SES receipt rule set that takes the group's rule. It exists and is the active one."
  type        = string
}

# ---- what is run ----

variable "dist" {
  description = "The archive that make dist wrote."
  type        = string
  validation {
    condition     = fileexists(var.dist)
    error_message = "The archive is not there: run make dist."
  }
}

variable "field_map" {
  description = "A field map of the group's own (a JSON file); null is the built-in one."
  type        = string
  default     = null
}

variable "mail_from" {
  description = "The senders whose mails are taken (AN_MAIL_FROM); none is everybody."
  type        = list(string)
  default     = []
}

variable "mail_subject" {
  description = "The subject that a mail must have (AN_MAIL_SUBJECT); empty is any."
  type        = string
  default     = ""
}

variable "require_auth" {
  description = "Refuse a mail whose sender's domain does not vouch for it, or that SES calls spam or infected (AN_MAIL_REQUIRE_AUTH)."
  type        = bool
  default     = true
}

variable "adopt" {
  description = "Begin with whom Action Network has already: the first build, while the roster is empty, reads everybody in the group and sends what differs (AN_ADOPT)."
  type        = bool
  default     = true
}

variable "max_lapse" {
  description = "Refuse an export that would lapse more members than that (AN_MAX_LAPSE)."
  type        = string
  default     = "10%"
}

variable "environment" {
  description = "More environment variables for an-sync. Never a secret: those are in Secrets Manager."
  type        = map(string)
  default     = {}
}

variable "build_minutes" {
  description = "CodeBuild's time limit for one build. an-sync stops itself ten minutes before it, and the next build goes on."
  type        = number
  default     = 60
  validation {
    condition     = var.build_minutes >= 20 && var.build_minutes <= 480
    error_message = "A build has between 20 and 480 minutes."
  }
}

variable "build_image" {
  description = "The container image that builds run in: Debian or Ubuntu, with the aws CLI and libcurl 7.86 or newer."
  type        = string
  default     = "aws/codebuild/standard:8.0"
}

variable "build_size" {
  description = "CodeBuild's compute type. The smallest is enough: Action Network's rate limit binds, not the machine."
  type        = string
  default     = "BUILD_GENERAL1_SMALL"
}

# ---- how long things are kept ----

variable "keep_mail_days" {
  description = "A mail is gone for good, older versions included, after this many days."
  type        = number
  default     = 90
  validation {
    condition     = var.keep_mail_days >= 8
    error_message = "Mails are kept for 8 days at least, for the weekly export to be there when something went wrong."
  }
}

variable "keep_log_days" {
  description = "How long the logs of builds are kept; one of the numbers that CloudWatch knows."
  type        = number
  default     = 90
}

variable "deletion_protection" {
  description = "Refuse to delete the roster's table, and keep a deleted secret for a week. False lets a group of this name be made again at once."
  type        = bool
  default     = true
}

variable "force_destroy" {
  description = "Let destroy delete the bucket with the mails in it."
  type        = bool
  default     = false
}

variable "emulated" {
  description = "True leaves out what makes the provider wait for a minute on an emulator: the bucket's lifecycle rules and the queue of undelivered events. Never in an account."
  type        = bool
  default     = false
}

# ---- who is told ----

variable "alarm_emails" {
  description = "Addresses that are told when a mail was not synced. A Slack channel's own address is one, too."
  type        = set(string)
  default     = []
}

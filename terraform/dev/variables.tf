variable "endpoint" {
  description = "Where moto or LocalStack listens."
  type        = string
  default     = "http://localhost:4566"
}

variable "dist" {
  description = "The archive that make dist wrote; null is that of this checkout's version."
  type        = string
  default     = null
}

variable "action_network" {
  description = "The Action Network that is synced to: the sandbox, never the real one."
  type        = string
  default     = "http://127.0.0.1:8400/api/v2"
}

variable "require_auth" {
  description = "Whether a mail needs SES's verdicts, which a file that is copied into the bucket does not have."
  type        = bool
  default     = false
}

variable "emulated" {
  description = "False makes the bucket's lifecycle rules and the queue of undelivered events too, for which the provider waits a minute."
  type        = bool
  default     = true
}

output "groups" {
  description = "The names of what was made for each group; see the module's outputs."
  value       = module.group
}

output "dns" {
  description = "The records to add for each domain: one that proves it is yours, one that sends its mail to SES."
  value = {
    for domain, identity in aws_ses_domain_identity.mail : domain => [
      "_amazonses.${domain} TXT ${identity.verification_token}",
      "${domain} MX 10 inbound-smtp.${var.region}.amazonaws.com",
    ]
  }
}

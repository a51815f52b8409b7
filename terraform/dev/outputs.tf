output "group" {
  description = "The names of what was made; see the module's outputs."
  value       = module.group
}

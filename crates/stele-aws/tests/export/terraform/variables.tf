# Made by `stele aws export` for account 111122223333.

variable "account_id" {
  description = "The account that the plan was made for; others are refused"
  type        = string
  default     = "111122223333"
}

variable "delivery_of" {
  description = "The ARN of what writes the log"
  type        = string
  default     = "arn:aws:cloudfront::111122223333:distribution/E1A2B3"
}

variable "filter_pattern" {
  description = "Which events are passed on"
  type        = string
  default     = ""
}

variable "flow_log_of_vpc_0a1" {
  description = "Whose traffic is logged: a VPC, subnet or gateway"
  type        = string
  default     = "vpc-0a1"
}

variable "flow_log_of_vpc_0a2" {
  description = "Whose traffic is logged: a VPC, subnet or gateway"
  type        = string
  default     = "vpc-0a2"
}

variable "flow_log_of_vpc_0e1" {
  description = "Whose traffic is logged: a VPC, subnet or gateway"
  type        = string
  default     = "vpc-0e1"
}

variable "flow_log_of_vpc_0e2" {
  description = "Whose traffic is logged: a VPC, subnet or gateway"
  type        = string
  default     = "vpc-0e2"
}

variable "resolver_log_of_vpc_0a1" {
  description = "The VPC whose queries are logged"
  type        = string
  default     = "vpc-0a1"
}

variable "resolver_log_of_vpc_0e1" {
  description = "The VPC whose queries are logged"
  type        = string
  default     = "vpc-0e1"
}

variable "retention_days" {
  description = "How many days events stay in log groups"
  type        = number
  default     = 365
}

variable "web_acl" {
  description = "The ARN of the web ACL that logs"
  type        = string
  default     = "arn:aws:wafv2:us-east-1:111122223333:regional/webacl/front/a1b2c3d4"
}

# Made by `stele aws export` for account 111122223333.

terraform {
  required_version = ">= 1.5"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.22"
    }
  }
}

provider "aws" {
  region              = "us-east-1"
  allowed_account_ids = [var.account_id]
}

provider "aws" {
  alias               = "eu_west_1"
  region              = "eu-west-1"
  allowed_account_ids = [var.account_id]
}

provider "aws" {
  alias               = "us_west_2"
  region              = "us-west-2"
  allowed_account_ids = [var.account_id]
}

# trail `old` writes digests
resource "aws_cloudtrail" "old_us_east_1" {
  name                          = "old"
  s3_bucket_name                = "old-logs"
  include_global_service_events = true
  is_multi_region_trail         = false
  is_organization_trail         = false
  enable_log_file_validation    = true

  lifecycle {
    prevent_destroy = true
    ignore_changes = [
      advanced_event_selector,
      enable_logging,
      event_selector,
      insight_selector,
      sns_topic_name,
      tags,
      tags_all,
    ]
  }
}

# events stay in `/app/web` for 365 days
resource "aws_cloudwatch_log_group" "app_web_us_east_1" {
  name              = "/app/web"
  retention_in_days = var.retention_days

  lifecycle {
    prevent_destroy = true
    ignore_changes  = [deletion_protection_enabled, kms_key_id, log_group_class, tags, tags_all]
  }
}

# `stele-access-111122223333-us-east-1` takes the logs of us-east-1
resource "aws_s3_bucket" "stele_access_us_east_1" {
  bucket = "stele-access-111122223333-us-east-1"
  tags = {
    "stele:managed" = "true"
  }

  lifecycle {
    prevent_destroy = true
  }
}

# what is overwritten or deleted in `stele-access-111122223333-us-east-1` can be had back
resource "aws_s3_bucket_versioning" "stele_access_us_east_1" {
  bucket = aws_s3_bucket.stele_access_us_east_1.id

  versioning_configuration {
    status = "Enabled"
  }
}

# logging.s3.amazonaws.com may write into `stele-access-111122223333-us-east-1`
resource "aws_s3_bucket_policy" "stele_access_us_east_1" {
  bucket = aws_s3_bucket.stele_access_us_east_1.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "SteleLogAccessWrite"
        Effect = "Allow"
        Principal = {
          Service = "logging.s3.amazonaws.com"
        }
        Action   = "s3:PutObject"
        Resource = "arn:aws:s3:::${aws_s3_bucket.stele_access_us_east_1.id}/*"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
          }
        }
      },
    ]
  })
  depends_on = [aws_s3_bucket_versioning.stele_access_us_east_1]
}

# `stele-logs-111122223333-us-east-1` takes the logs of us-east-1
resource "aws_s3_bucket" "stele_logs_us_east_1" {
  bucket = "stele-logs-111122223333-us-east-1"
  tags = {
    "stele:managed" = "true"
  }

  lifecycle {
    prevent_destroy = true
  }
}

# who reads the logs in `stele-logs-111122223333-us-east-1` is on record
resource "aws_s3_bucket_logging" "stele_logs_us_east_1" {
  bucket        = aws_s3_bucket.stele_logs_us_east_1.id
  target_bucket = aws_s3_bucket.stele_access_us_east_1.id
  target_prefix = "${aws_s3_bucket.stele_logs_us_east_1.id}/"
  depends_on    = [aws_s3_bucket_policy.stele_access_us_east_1]
}

# what is overwritten or deleted in `stele-logs-111122223333-us-east-1` can be had back
resource "aws_s3_bucket_versioning" "stele_logs_us_east_1" {
  bucket = aws_s3_bucket.stele_logs_us_east_1.id

  versioning_configuration {
    status = "Enabled"
  }
}

# services may write into `stele-logs-111122223333-us-east-1`
resource "aws_s3_bucket_policy" "stele_logs_us_east_1" {
  bucket = aws_s3_bucket.stele_logs_us_east_1.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "SteleLogCloudTrailLook"
        Effect = "Allow"
        Principal = {
          Service = "cloudtrail.amazonaws.com"
        }
        Action   = "s3:GetBucketAcl"
        Resource = "arn:aws:s3:::${aws_s3_bucket.stele_logs_us_east_1.id}"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
          }
        }
      },
      {
        Sid    = "SteleLogCloudTrailWrite"
        Effect = "Allow"
        Principal = {
          Service = "cloudtrail.amazonaws.com"
        }
        Action   = "s3:PutObject"
        Resource = "arn:aws:s3:::${aws_s3_bucket.stele_logs_us_east_1.id}/AWSLogs/111122223333/*"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
            "s3:x-amz-acl"      = "bucket-owner-full-control"
          }
        }
      },
      {
        Sid    = "SteleLogConfigLook"
        Effect = "Allow"
        Principal = {
          Service = "config.amazonaws.com"
        }
        Action   = "s3:GetBucketAcl"
        Resource = "arn:aws:s3:::${aws_s3_bucket.stele_logs_us_east_1.id}"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
          }
        }
      },
      {
        Sid    = "SteleLogConfigWrite"
        Effect = "Allow"
        Principal = {
          Service = "config.amazonaws.com"
        }
        Action   = "s3:PutObject"
        Resource = "arn:aws:s3:::${aws_s3_bucket.stele_logs_us_east_1.id}/AWSLogs/111122223333/*"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
            "s3:x-amz-acl"      = "bucket-owner-full-control"
          }
        }
      },
      {
        Sid    = "SteleLogDeliveryLook"
        Effect = "Allow"
        Principal = {
          Service = "delivery.logs.amazonaws.com"
        }
        Action   = "s3:GetBucketAcl"
        Resource = "arn:aws:s3:::${aws_s3_bucket.stele_logs_us_east_1.id}"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
          }
        }
      },
      {
        Sid    = "SteleLogDeliveryWrite"
        Effect = "Allow"
        Principal = {
          Service = "delivery.logs.amazonaws.com"
        }
        Action   = "s3:PutObject"
        Resource = "arn:aws:s3:::${aws_s3_bucket.stele_logs_us_east_1.id}/AWSLogs/111122223333/*"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
            "s3:x-amz-acl"      = "bucket-owner-full-control"
          }
        }
      },
    ]
  })
  depends_on = [
    aws_s3_bucket_logging.stele_logs_us_east_1,
    aws_s3_bucket_versioning.stele_logs_us_east_1,
  ]
}

# old files of `stele-logs-111122223333-us-east-1` go to a cheaper place
resource "aws_s3_bucket_lifecycle_configuration" "stele_logs_us_east_1" {
  bucket = aws_s3_bucket.stele_logs_us_east_1.id
  depends_on = [
    aws_s3_bucket_logging.stele_logs_us_east_1,
    aws_s3_bucket_versioning.stele_logs_us_east_1,
  ]

  rule {
    id     = "stele-end"
    status = "Enabled"

    expiration {
      days = 3653
    }

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    transition {
      days          = 90
      storage_class = "GLACIER_IR"
    }
  }
}

# nobody outside reads `stele-logs-111122223333-us-east-1`
resource "aws_s3_bucket_public_access_block" "stele_logs_us_east_1" {
  bucket                  = aws_s3_bucket.stele_logs_us_east_1.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
  depends_on = [
    aws_s3_bucket_logging.stele_logs_us_east_1,
    aws_s3_bucket_versioning.stele_logs_us_east_1,
  ]
}

# files of `stele-logs-111122223333-us-east-1` cannot be deleted for a year
resource "aws_s3_bucket_object_lock_configuration" "stele_logs_us_east_1" {
  bucket              = aws_s3_bucket.stele_logs_us_east_1.id
  object_lock_enabled = "Enabled"
  depends_on = [
    aws_s3_bucket_logging.stele_logs_us_east_1,
    aws_s3_bucket_versioning.stele_logs_us_east_1,
  ]

  rule {
    default_retention {
      days = 365
      mode = "GOVERNANCE"
    }
  }
}

# logs have a key of their own
# the key is a new one each year
resource "aws_kms_key" "stele_logs_us_east_1" {
  description = "alias/stele-logs"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "SteleLogAccount"
        Effect = "Allow"
        Principal = {
          AWS = "arn:aws:iam::111122223333:root"
        }
        Action   = "kms:*"
        Resource = "*"
      },
      {
        Sid    = "SteleLogGroups"
        Effect = "Allow"
        Principal = {
          Service = "logs.us-east-1.amazonaws.com"
        }
        Action   = ["kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
        Resource = "*"
        Condition = {
          ArnLike = {
            "kms:EncryptionContext:aws:logs:arn" = "arn:aws:logs:us-east-1:111122223333:log-group:*"
          }
        }
      },
      {
        Sid    = "SteleLogCloudTrail"
        Effect = "Allow"
        Principal = {
          Service = "cloudtrail.amazonaws.com"
        }
        Action   = ["kms:GenerateDataKey*", "kms:DescribeKey"]
        Resource = "*"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
          }
          StringLike = {
            "kms:EncryptionContext:aws:cloudtrail:arn" = "arn:aws:cloudtrail:*:111122223333:trail/*"
          }
        }
      },
    ]
  })
  tags = {
    "stele:managed" = "true"
  }
  enable_key_rotation = true

  lifecycle {
    prevent_destroy = true
  }
}

# the key has a name
resource "aws_kms_alias" "stele_logs_us_east_1" {
  name          = "alias/stele-logs"
  target_key_id = aws_kms_key.stele_logs_us_east_1.key_id
}

# no trail can be widened: `stele-audit` records all regions
# trail `stele-audit` records
# events of `stele-audit` can be searched, and are encrypted
# who reads and writes objects is on record
# `stele-audit` looks for unusual activity
resource "aws_cloudtrail" "stele_audit_us_east_1" {
  name                          = "stele-audit"
  s3_bucket_name                = aws_s3_bucket.stele_logs_us_east_1.id
  include_global_service_events = true
  is_multi_region_trail         = true
  enable_log_file_validation    = true
  tags = {
    "stele:managed" = "true"
  }
  enable_logging             = true
  cloud_watch_logs_group_arn = "arn:aws:logs:us-east-1:111122223333:log-group:${aws_cloudwatch_log_group.aws_cloudtrail_stele_audit_us_east_1.name}:*"
  cloud_watch_logs_role_arn  = "arn:aws:iam::111122223333:role/${aws_iam_role.stele_trail_us_east_1.name}"
  kms_key_id                 = "arn:aws:kms:us-east-1:111122223333:key/${aws_kms_key.stele_logs_us_east_1.key_id}"
  depends_on = [
    aws_s3_bucket_policy.stele_logs_us_east_1,
    aws_iam_role_policy.stele_trail_us_east_1,
  ]

  advanced_event_selector {
    name = "Stele: management events"

    field_selector {
      equal_to = ["Management"]
      field    = "eventCategory"
    }
  }

  advanced_event_selector {
    name = "Stele: S3"

    field_selector {
      equal_to = ["Data"]
      field    = "eventCategory"
    }

    field_selector {
      equal_to = ["AWS::S3::Object"]
      field    = "resources.type"
    }

    field_selector {
      field           = "resources.ARN"
      not_starts_with = ["arn:aws:s3:::${aws_s3_bucket.stele_logs_us_east_1.id}/"]
    }
  }

  insight_selector {
    insight_type = "ApiCallRateInsight"
  }

  lifecycle {
    prevent_destroy = true
  }
}

# `/aws/cloudtrail/stele-audit` takes the log
# events stay in `/aws/cloudtrail/stele-audit` for 365 days
# `/aws/cloudtrail/stele-audit` is encrypted with the key of logs
# `/aws/cloudtrail/stele-audit` cannot be deleted by mistake
resource "aws_cloudwatch_log_group" "aws_cloudtrail_stele_audit_us_east_1" {
  name = "/aws/cloudtrail/stele-audit"
  tags = {
    "stele:managed" = "true"
  }
  retention_in_days           = var.retention_days
  kms_key_id                  = "arn:aws:kms:us-east-1:111122223333:key/${aws_kms_key.stele_logs_us_east_1.key_id}"
  deletion_protection_enabled = true
  depends_on                  = [aws_kms_alias.stele_logs_us_east_1]

  lifecycle {
    prevent_destroy = true
  }
}

# what people are called is masked in `/aws/cloudtrail/stele-audit`
resource "aws_cloudwatch_log_data_protection_policy" "aws_cloudtrail_stele_audit_us_east_1" {
  log_group_name = aws_cloudwatch_log_group.aws_cloudtrail_stele_audit_us_east_1.name
  policy_document = jsonencode({
    Version = "2021-06-01"
    Statement = [
      {
        Sid            = "audit"
        DataIdentifier = ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"]
        Operation = {
          Audit = {
            FindingsDestination = {}
          }
        }
      },
      {
        Sid            = "mask"
        DataIdentifier = ["arn:aws:dataprotection::aws:data-identifier/EmailAddress"]
        Operation = {
          Deidentify = {
            MaskConfig = {}
          }
        }
      },
    ]
    Name = "stele"
  })
}

# cloudtrail.amazonaws.com writes by a role
resource "aws_iam_role" "stele_trail_us_east_1" {
  name = "stele-trail"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Principal = {
          Service = "cloudtrail.amazonaws.com"
        }
        Action = "sts:AssumeRole"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
          }
        }
      },
    ]
  })
  tags = {
    "stele:managed" = "true"
  }
}

# `stele-trail` may write to the log group, and nothing else
resource "aws_iam_role_policy" "stele_trail_us_east_1" {
  role = aws_iam_role.stele_trail_us_east_1.name
  name = "stele-write-awscloudtrailsteleaudit"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
        Resource = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/cloudtrail/stele-audit:*"
      },
    ]
  })
}

# ALL traffic of `vpc-0a1` is logged
resource "aws_flow_log" "vpc_0a1_us_east_1" {
  vpc_id                   = var.flow_log_of_vpc_0a1
  traffic_type             = "ALL"
  log_destination_type     = "s3"
  log_destination          = "arn:aws:s3:::${aws_s3_bucket.stele_logs_us_east_1.id}"
  log_format               = "$${version} $${account-id} $${interface-id} $${srcaddr} $${dstaddr} $${action} $${log-status}"
  max_aggregation_interval = 60
  tags = {
    "stele:managed" = "true"
  }
  depends_on = [aws_s3_bucket_policy.stele_logs_us_east_1]

  destination_options {
    file_format                = "parquet"
    hive_compatible_partitions = false
    per_hour_partition         = false
  }
}

# `/aws/vpc-flow-logs/vpc-0a2` takes the log
# events stay in `/aws/vpc-flow-logs/vpc-0a2` for 365 days
resource "aws_cloudwatch_log_group" "aws_vpc_flow_logs_vpc_0a2_us_east_1" {
  name = "/aws/vpc-flow-logs/vpc-0a2"
  tags = {
    "stele:managed" = "true"
  }
  retention_in_days = var.retention_days

  lifecycle {
    prevent_destroy = true
  }
}

# vpc-flow-logs.amazonaws.com writes by a role
resource "aws_iam_role" "stele_flow_logs_us_east_1" {
  name = "stele-flow-logs"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Principal = {
          Service = "vpc-flow-logs.amazonaws.com"
        }
        Action = "sts:AssumeRole"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
          }
        }
      },
    ]
  })
  tags = {
    "stele:managed" = "true"
  }
}

# `stele-flow-logs` may write to the log group, and nothing else
resource "aws_iam_role_policy" "stele_flow_logs_us_east_1" {
  role = aws_iam_role.stele_flow_logs_us_east_1.name
  name = "stele-write-flow"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/vpc-flow-logs/vpc-0a2:*"
      },
    ]
  })
}

# ALL traffic of `vpc-0a2` is logged
resource "aws_flow_log" "vpc_0a2_us_east_1" {
  vpc_id                   = var.flow_log_of_vpc_0a2
  traffic_type             = "ALL"
  log_destination_type     = "cloud-watch-logs"
  log_destination          = "arn:aws:logs:us-east-1:111122223333:log-group:${aws_cloudwatch_log_group.aws_vpc_flow_logs_vpc_0a2_us_east_1.name}"
  log_format               = "$${version} $${account-id} $${interface-id} $${srcaddr} $${dstaddr} $${action} $${log-status}"
  iam_role_arn             = "arn:aws:iam::111122223333:role/${aws_iam_role.stele_flow_logs_us_east_1.name}"
  max_aggregation_interval = 60
  tags = {
    "stele:managed" = "true"
  }
  depends_on = [aws_iam_role_policy.stele_flow_logs_us_east_1]
}

# a place for queries
resource "aws_route53_resolver_query_log_config" "stele_dns_us_east_1" {
  name            = "stele-dns"
  destination_arn = "arn:aws:s3:::${aws_s3_bucket.stele_logs_us_east_1.id}"
  depends_on      = [aws_s3_bucket_policy.stele_logs_us_east_1]
}

# queries of `vpc-0a1` are logged
resource "aws_route53_resolver_query_log_config_association" "vpc_0a1_us_east_1" {
  resolver_query_log_config_id = aws_route53_resolver_query_log_config.stele_dns_us_east_1.id
  resource_id                  = var.resolver_log_of_vpc_0a1
}

# `/aws/route53/example.com` takes the log
# events stay in `/aws/route53/example.com` for 365 days
resource "aws_cloudwatch_log_group" "aws_route53_example_com_us_east_1" {
  name = "/aws/route53/example.com"
  tags = {
    "stele:managed" = "true"
  }
  retention_in_days = var.retention_days

  lifecycle {
    prevent_destroy = true
  }
}

# route53.amazonaws.com may write to `/aws/route53/example.com`
resource "aws_cloudwatch_log_resource_policy" "stele_logs_us_east_1" {
  policy_name = "stele-logs"
  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "SteleLogroute53"
        Effect = "Allow"
        Principal = {
          Service = "route53.amazonaws.com"
        }
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "arn:aws:logs:us-east-1:111122223333:log-group:${aws_cloudwatch_log_group.aws_route53_example_com_us_east_1.name}:*"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
          }
        }
      },
    ]
  })
}

# queries of `example.com` are logged
resource "aws_route53_query_log" "z0123_us_east_1" {
  zone_id                  = "Z0123"
  cloudwatch_log_group_arn = "arn:aws:logs:us-east-1:111122223333:log-group:${aws_cloudwatch_log_group.aws_route53_example_com_us_east_1.name}"
  depends_on               = [aws_cloudwatch_log_resource_policy.stele_logs_us_east_1]
}

# load balancers may write into `old-logs`
resource "aws_s3_bucket_policy" "old_logs_us_east_1" {
  bucket = "old-logs"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Theirs"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = "arn:aws:s3:::old-logs/*"
        Condition = {
          Bool = {
            "aws:SecureTransport" = "false"
          }
        }
      },
      {
        Sid    = "SteleLogLoadBalancerWrite"
        Effect = "Allow"
        Principal = {
          Service = "logdelivery.elasticloadbalancing.amazonaws.com"
        }
        Action   = "s3:PutObject"
        Resource = "arn:aws:s3:::old-logs/AWSLogs/111122223333/*"
      },
    ]
  })
}

# who reads `web-data` is on record
resource "aws_s3_bucket_logging" "web_data_us_east_1" {
  bucket        = "web-data"
  target_bucket = aws_s3_bucket.stele_access_us_east_1.id
  target_prefix = "web-data/"
  depends_on    = [aws_s3_bucket_policy.stele_access_us_east_1]
}

# logs in `old-logs` do not stay for ever
resource "aws_s3_bucket_lifecycle_configuration" "old_logs_us_east_1" {
  bucket = "old-logs"

  rule {
    id     = "theirs"
    status = "Enabled"

    expiration {
      days = 7
    }

    filter {
      and {
        prefix = "tmp/"
        tags = {
          Team = "web"
        }
      }
    }
  }

  rule {
    id     = "stele-end"
    status = "Enabled"

    expiration {
      days = 3653
    }

    filter {
      prefix = "AWSLogs/"
    }
  }
}

# `/app/web` goes to the central place
resource "aws_cloudwatch_log_subscription_filter" "app_web_us_east_1" {
  log_group_name  = "/app/web"
  name            = "stele-central"
  filter_pattern  = var.filter_pattern
  destination_arn = "arn:aws:logs:us-east-1:444455556666:destination:central"
}

# all groups go to the central place
resource "aws_cloudwatch_log_account_policy" "stele_central_us_east_1" {
  policy_name = "stele-central"
  policy_type = "SUBSCRIPTION_FILTER_POLICY"
  policy_document = jsonencode({
    DestinationArn = "arn:aws:logs:us-east-1:444455556666:destination:central"
    Distribution   = "Random"
    FilterPattern  = ""
  })
  scope              = "ALL"
  selection_criteria = "LogGroupName NOT IN [\"/aws/cloudtrail/stele-audit\"]"
}

# `dw` writes its audit log
resource "aws_redshift_logging" "dw_us_east_1" {
  cluster_identifier = "dw"
  bucket_name        = aws_s3_bucket.stele_logs_us_east_1.id
  s3_key_prefix      = "redshift/"
  depends_on         = [aws_s3_bucket_policy.stele_logs_us_east_1]
}

# `aws-waf-logs-stele` takes the log
# events stay in `aws-waf-logs-stele` for 365 days
resource "aws_cloudwatch_log_group" "aws_waf_logs_stele_us_east_1" {
  name = "aws-waf-logs-stele"
  tags = {
    "stele:managed" = "true"
  }
  retention_in_days = var.retention_days

  lifecycle {
    prevent_destroy = true
  }
}

# what `front` sees is logged
resource "aws_wafv2_web_acl_logging_configuration" "front_us_east_1" {
  resource_arn = var.web_acl
  log_destination_configs = [
    "arn:aws:logs:us-east-1:111122223333:log-group:${aws_cloudwatch_log_group.aws_waf_logs_stele_us_east_1.name}",
  ]

  redacted_fields {
    single_header {
      name = "authorization"
    }
  }
}

# apigateway.amazonaws.com writes by a role
resource "aws_iam_role" "stele_apigateway_us_east_1" {
  name = "stele-apigateway"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect = "Allow"
        Principal = {
          Service = "apigateway.amazonaws.com"
        }
        Action = "sts:AssumeRole"
      },
    ]
  })
}

# API Gateway may write logs
resource "aws_api_gateway_account" "account_us_east_1" {
  cloudwatch_role_arn = "arn:aws:iam::111122223333:role/${aws_iam_role.stele_apigateway_us_east_1.name}"
}

# `/aws/apigateway/stele` takes the log
# events stay in `/aws/apigateway/stele` for 365 days
resource "aws_cloudwatch_log_group" "aws_apigateway_stele_us_east_1" {
  name = "/aws/apigateway/stele"
  tags = {
    "stele:managed" = "true"
  }
  retention_in_days = var.retention_days

  lifecycle {
    prevent_destroy = true
  }
}

# `/aws/lambda/pay` takes the log
# events stay in `/aws/lambda/pay` for 365 days
resource "aws_cloudwatch_log_group" "aws_lambda_pay_us_east_1" {
  name = "/aws/lambda/pay"
  tags = {
    "stele:managed" = "true"
  }
  retention_in_days = var.retention_days

  lifecycle {
    prevent_destroy = true
  }
}

# `E1A2B3` gives its access log
resource "aws_cloudwatch_log_delivery_source" "stele_web_us_east_1" {
  name         = "stele-web"
  resource_arn = var.delivery_of
  log_type     = "ACCESS_LOGS"
}

# the access log goes to the bucket
resource "aws_cloudwatch_log_delivery_destination" "stele_s3_us_east_1" {
  name          = "stele-s3"
  output_format = "json"
  depends_on    = [aws_s3_bucket_policy.stele_logs_us_east_1]

  delivery_destination_configuration {
    destination_resource_arn = "arn:aws:s3:::${aws_s3_bucket.stele_logs_us_east_1.id}"
  }
}

# the access log of `E1A2B3` is delivered
resource "aws_cloudwatch_log_delivery" "stele_web_us_east_1" {
  delivery_source_name     = aws_cloudwatch_log_delivery_source.stele_web_us_east_1.name
  delivery_destination_arn = "arn:aws:logs:us-east-1:111122223333:delivery-destination:${aws_cloudwatch_log_delivery_destination.stele_s3_us_east_1.name}"

  s3_delivery_configuration {
    enable_hive_compatible_path = false
    suffix_path                 = "cloudfront/{DistributionId}"
  }
}

# nodes keep a log agent
resource "aws_ssm_association" "stele_cloudwatch_agent_us_east_1" {
  name             = "AmazonCloudWatch-ManageAgent"
  association_name = "stele-cloudwatch-agent"
  parameters = {
    action = "configure"
    mode   = "ec2"
  }
  schedule_expression = "rate(1 day)"

  targets {
    key    = "InstanceIds"
    values = ["*"]
  }
}

# GuardDuty looks at the logs
resource "aws_guardduty_detector" "detector_us_east_1" {
  enable                       = true
  finding_publishing_frequency = "FIFTEEN_MINUTES"
}

# findings come together
resource "aws_securityhub_account" "default_us_east_1" {
  enable_default_standards = false
}

# AWS Config reads resources by the role that AWS keeps for it
resource "aws_iam_service_linked_role" "aws_service_role_for_config_us_east_1" {
  aws_service_name = "config.amazonaws.com"

  lifecycle {
    prevent_destroy = true
  }
}

# AWS Config records all types
resource "aws_config_configuration_recorder" "default_us_east_1" {
  name       = "default"
  role_arn   = "arn:aws:iam::111122223333:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
  depends_on = [aws_iam_service_linked_role.aws_service_role_for_config_us_east_1]

  recording_group {
    all_supported                 = true
    include_global_resource_types = true

    recording_strategy {
      use_only = "ALL_SUPPORTED_RESOURCE_TYPES"
    }
  }
}

# AWS Config delivers to `stele-logs-111122223333-us-east-1`
resource "aws_config_delivery_channel" "default_us_east_1" {
  name           = "default"
  s3_bucket_name = aws_s3_bucket.stele_logs_us_east_1.id
  depends_on = [
    aws_s3_bucket_policy.stele_logs_us_east_1,
    aws_config_configuration_recorder.default_us_east_1,
  ]
}

# recorder `default` records
resource "aws_config_configuration_recorder_status" "default_us_east_1" {
  name       = "default"
  is_enabled = true
  depends_on = [aws_config_delivery_channel.default_us_east_1]
}

# what all regions record can be seen in one place
resource "aws_config_configuration_aggregator" "stele_us_east_1" {
  name = "stele"

  account_aggregation_source {
    account_ids = ["111122223333"]
    all_regions = true
  }
}

# `stele-access-111122223333-eu-west-1` takes the logs of eu-west-1
resource "aws_s3_bucket" "stele_access_eu_west_1" {
  provider = aws.eu_west_1
  bucket   = "stele-access-111122223333-eu-west-1"
  tags = {
    "stele:managed" = "true"
  }

  lifecycle {
    prevent_destroy = true
  }
}

# what is overwritten or deleted in `stele-access-111122223333-eu-west-1` can be had back
resource "aws_s3_bucket_versioning" "stele_access_eu_west_1" {
  provider = aws.eu_west_1
  bucket   = aws_s3_bucket.stele_access_eu_west_1.id

  versioning_configuration {
    status = "Enabled"
  }
}

# logging.s3.amazonaws.com may write into `stele-access-111122223333-eu-west-1`
resource "aws_s3_bucket_policy" "stele_access_eu_west_1" {
  provider = aws.eu_west_1
  bucket   = aws_s3_bucket.stele_access_eu_west_1.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "SteleLogAccessWrite"
        Effect = "Allow"
        Principal = {
          Service = "logging.s3.amazonaws.com"
        }
        Action   = "s3:PutObject"
        Resource = "arn:aws:s3:::${aws_s3_bucket.stele_access_eu_west_1.id}/*"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
          }
        }
      },
    ]
  })
  depends_on = [aws_s3_bucket_versioning.stele_access_eu_west_1]
}

# `stele-logs-111122223333-eu-west-1` takes the logs of eu-west-1
resource "aws_s3_bucket" "stele_logs_eu_west_1" {
  provider = aws.eu_west_1
  bucket   = "stele-logs-111122223333-eu-west-1"
  tags = {
    "stele:managed" = "true"
  }

  lifecycle {
    prevent_destroy = true
  }
}

# who reads the logs in `stele-logs-111122223333-eu-west-1` is on record
resource "aws_s3_bucket_logging" "stele_logs_eu_west_1" {
  provider      = aws.eu_west_1
  bucket        = aws_s3_bucket.stele_logs_eu_west_1.id
  target_bucket = aws_s3_bucket.stele_access_eu_west_1.id
  target_prefix = "${aws_s3_bucket.stele_logs_eu_west_1.id}/"
  depends_on    = [aws_s3_bucket_policy.stele_access_eu_west_1]
}

# what is overwritten or deleted in `stele-logs-111122223333-eu-west-1` can be had back
resource "aws_s3_bucket_versioning" "stele_logs_eu_west_1" {
  provider = aws.eu_west_1
  bucket   = aws_s3_bucket.stele_logs_eu_west_1.id

  versioning_configuration {
    status = "Enabled"
  }
}

# services may write into `stele-logs-111122223333-eu-west-1`
resource "aws_s3_bucket_policy" "stele_logs_eu_west_1" {
  provider = aws.eu_west_1
  bucket   = aws_s3_bucket.stele_logs_eu_west_1.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "SteleLogConfigLook"
        Effect = "Allow"
        Principal = {
          Service = "config.amazonaws.com"
        }
        Action   = "s3:GetBucketAcl"
        Resource = "arn:aws:s3:::${aws_s3_bucket.stele_logs_eu_west_1.id}"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
          }
        }
      },
      {
        Sid    = "SteleLogConfigWrite"
        Effect = "Allow"
        Principal = {
          Service = "config.amazonaws.com"
        }
        Action   = "s3:PutObject"
        Resource = "arn:aws:s3:::${aws_s3_bucket.stele_logs_eu_west_1.id}/AWSLogs/111122223333/*"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
            "s3:x-amz-acl"      = "bucket-owner-full-control"
          }
        }
      },
      {
        Sid    = "SteleLogDeliveryLook"
        Effect = "Allow"
        Principal = {
          Service = "delivery.logs.amazonaws.com"
        }
        Action   = "s3:GetBucketAcl"
        Resource = "arn:aws:s3:::${aws_s3_bucket.stele_logs_eu_west_1.id}"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
          }
        }
      },
      {
        Sid    = "SteleLogDeliveryWrite"
        Effect = "Allow"
        Principal = {
          Service = "delivery.logs.amazonaws.com"
        }
        Action   = "s3:PutObject"
        Resource = "arn:aws:s3:::${aws_s3_bucket.stele_logs_eu_west_1.id}/AWSLogs/111122223333/*"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
            "s3:x-amz-acl"      = "bucket-owner-full-control"
          }
        }
      },
    ]
  })
  depends_on = [
    aws_s3_bucket_logging.stele_logs_eu_west_1,
    aws_s3_bucket_versioning.stele_logs_eu_west_1,
  ]
}

# AWS Config records all types
resource "aws_config_configuration_recorder" "default_eu_west_1" {
  provider   = aws.eu_west_1
  name       = "default"
  role_arn   = "arn:aws:iam::111122223333:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
  depends_on = [aws_iam_service_linked_role.aws_service_role_for_config_us_east_1]

  recording_group {
    all_supported                 = true
    include_global_resource_types = false

    recording_strategy {
      use_only = "ALL_SUPPORTED_RESOURCE_TYPES"
    }
  }
}

# AWS Config delivers to `stele-logs-111122223333-eu-west-1`
resource "aws_config_delivery_channel" "default_eu_west_1" {
  provider       = aws.eu_west_1
  name           = "default"
  s3_bucket_name = aws_s3_bucket.stele_logs_eu_west_1.id
  depends_on = [
    aws_s3_bucket_policy.stele_logs_eu_west_1,
    aws_config_configuration_recorder.default_eu_west_1,
  ]
}

# recorder `default` records
resource "aws_config_configuration_recorder_status" "default_eu_west_1" {
  provider   = aws.eu_west_1
  name       = "default"
  is_enabled = true
  depends_on = [aws_config_delivery_channel.default_eu_west_1]
}

# ALL traffic of `vpc-0e1` is logged
resource "aws_flow_log" "vpc_0e1_eu_west_1" {
  provider                 = aws.eu_west_1
  vpc_id                   = var.flow_log_of_vpc_0e1
  traffic_type             = "ALL"
  log_destination_type     = "s3"
  log_destination          = "arn:aws:s3:::${aws_s3_bucket.stele_logs_eu_west_1.id}"
  log_format               = "$${version} $${account-id} $${interface-id} $${srcaddr} $${dstaddr} $${action} $${log-status}"
  max_aggregation_interval = 60
  tags = {
    "stele:managed" = "true"
  }
  depends_on = [aws_s3_bucket_policy.stele_logs_eu_west_1]
}

# `stele-access-111122223333-us-west-2` takes the logs of us-west-2
resource "aws_s3_bucket" "stele_access_us_west_2" {
  provider = aws.us_west_2
  bucket   = "stele-access-111122223333-us-west-2"
  tags = {
    "stele:managed" = "true"
  }

  lifecycle {
    prevent_destroy = true
  }
}

# what is overwritten or deleted in `stele-access-111122223333-us-west-2` can be had back
resource "aws_s3_bucket_versioning" "stele_access_us_west_2" {
  provider = aws.us_west_2
  bucket   = aws_s3_bucket.stele_access_us_west_2.id

  versioning_configuration {
    status = "Enabled"
  }
}

# logging.s3.amazonaws.com may write into `stele-access-111122223333-us-west-2`
resource "aws_s3_bucket_policy" "stele_access_us_west_2" {
  provider = aws.us_west_2
  bucket   = aws_s3_bucket.stele_access_us_west_2.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "SteleLogAccessWrite"
        Effect = "Allow"
        Principal = {
          Service = "logging.s3.amazonaws.com"
        }
        Action   = "s3:PutObject"
        Resource = "arn:aws:s3:::${aws_s3_bucket.stele_access_us_west_2.id}/*"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
          }
        }
      },
    ]
  })
  depends_on = [aws_s3_bucket_versioning.stele_access_us_west_2]
}

# `stele-logs-111122223333-us-west-2` takes the logs of us-west-2
resource "aws_s3_bucket" "stele_logs_us_west_2" {
  provider = aws.us_west_2
  bucket   = "stele-logs-111122223333-us-west-2"
  tags = {
    "stele:managed" = "true"
  }

  lifecycle {
    prevent_destroy = true
  }
}

# who reads the logs in `stele-logs-111122223333-us-west-2` is on record
resource "aws_s3_bucket_logging" "stele_logs_us_west_2" {
  provider      = aws.us_west_2
  bucket        = aws_s3_bucket.stele_logs_us_west_2.id
  target_bucket = aws_s3_bucket.stele_access_us_west_2.id
  target_prefix = "${aws_s3_bucket.stele_logs_us_west_2.id}/"
  depends_on    = [aws_s3_bucket_policy.stele_access_us_west_2]
}

# what is overwritten or deleted in `stele-logs-111122223333-us-west-2` can be had back
resource "aws_s3_bucket_versioning" "stele_logs_us_west_2" {
  provider = aws.us_west_2
  bucket   = aws_s3_bucket.stele_logs_us_west_2.id

  versioning_configuration {
    status = "Enabled"
  }
}

# services may write into `stele-logs-111122223333-us-west-2`
resource "aws_s3_bucket_policy" "stele_logs_us_west_2" {
  provider = aws.us_west_2
  bucket   = aws_s3_bucket.stele_logs_us_west_2.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "SteleLogConfigLook"
        Effect = "Allow"
        Principal = {
          Service = "config.amazonaws.com"
        }
        Action   = "s3:GetBucketAcl"
        Resource = "arn:aws:s3:::${aws_s3_bucket.stele_logs_us_west_2.id}"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
          }
        }
      },
      {
        Sid    = "SteleLogConfigWrite"
        Effect = "Allow"
        Principal = {
          Service = "config.amazonaws.com"
        }
        Action   = "s3:PutObject"
        Resource = "arn:aws:s3:::${aws_s3_bucket.stele_logs_us_west_2.id}/AWSLogs/111122223333/*"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
            "s3:x-amz-acl"      = "bucket-owner-full-control"
          }
        }
      },
      {
        Sid    = "SteleLogDeliveryLook"
        Effect = "Allow"
        Principal = {
          Service = "delivery.logs.amazonaws.com"
        }
        Action   = "s3:GetBucketAcl"
        Resource = "arn:aws:s3:::${aws_s3_bucket.stele_logs_us_west_2.id}"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
          }
        }
      },
      {
        Sid    = "SteleLogDeliveryWrite"
        Effect = "Allow"
        Principal = {
          Service = "delivery.logs.amazonaws.com"
        }
        Action   = "s3:PutObject"
        Resource = "arn:aws:s3:::${aws_s3_bucket.stele_logs_us_west_2.id}/AWSLogs/111122223333/*"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
            "s3:x-amz-acl"      = "bucket-owner-full-control"
          }
        }
      },
    ]
  })
  depends_on = [
    aws_s3_bucket_logging.stele_logs_us_west_2,
    aws_s3_bucket_versioning.stele_logs_us_west_2,
  ]
}

# AWS Config records all types
resource "aws_config_configuration_recorder" "default_us_west_2" {
  provider   = aws.us_west_2
  name       = "default"
  role_arn   = "arn:aws:iam::111122223333:role/aws-service-role/config.amazonaws.com/AWSServiceRoleForConfig"
  depends_on = [aws_iam_service_linked_role.aws_service_role_for_config_us_east_1]

  recording_group {
    all_supported                 = true
    include_global_resource_types = false

    recording_strategy {
      use_only = "ALL_SUPPORTED_RESOURCE_TYPES"
    }
  }
}

# AWS Config delivers to `stele-logs-111122223333-us-west-2`
resource "aws_config_delivery_channel" "default_us_west_2" {
  provider       = aws.us_west_2
  name           = "default"
  s3_bucket_name = aws_s3_bucket.stele_logs_us_west_2.id
  depends_on = [
    aws_s3_bucket_policy.stele_logs_us_west_2,
    aws_config_configuration_recorder.default_us_west_2,
  ]
}

# recorder `default` records
resource "aws_config_configuration_recorder_status" "default_us_west_2" {
  provider   = aws.us_west_2
  name       = "default"
  is_enabled = true
  depends_on = [aws_config_delivery_channel.default_us_west_2]
}

# delivery.logs.amazonaws.com may write into `old-flow`
resource "aws_s3_bucket_policy" "old_flow_eu_west_1" {
  provider = aws.eu_west_1
  bucket   = "old-flow"
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Theirs"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = "arn:aws:s3:::old-flow/*"
        Condition = {
          Bool = {
            "aws:SecureTransport" = "false"
          }
        }
      },
      {
        Sid    = "SteleLogDeliveryLook"
        Effect = "Allow"
        Principal = {
          Service = "delivery.logs.amazonaws.com"
        }
        Action   = "s3:GetBucketAcl"
        Resource = "arn:aws:s3:::old-flow"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
          }
        }
      },
      {
        Sid    = "SteleLogDeliveryWrite"
        Effect = "Allow"
        Principal = {
          Service = "delivery.logs.amazonaws.com"
        }
        Action   = "s3:PutObject"
        Resource = "arn:aws:s3:::old-flow/AWSLogs/111122223333/*"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
            "s3:x-amz-acl"      = "bucket-owner-full-control"
          }
        }
      },
    ]
  })
}

# ALL traffic of `vpc-0e2` is logged
resource "aws_flow_log" "vpc_0e2_eu_west_1" {
  provider                 = aws.eu_west_1
  vpc_id                   = var.flow_log_of_vpc_0e2
  traffic_type             = "ALL"
  log_destination_type     = "s3"
  log_destination          = "arn:aws:s3:::old-flow"
  log_format               = "$${version} $${account-id} $${interface-id} $${srcaddr} $${dstaddr} $${action} $${log-status}"
  max_aggregation_interval = 60
  tags = {
    "stele:managed" = "true"
  }
  depends_on = [aws_s3_bucket_policy.old_flow_eu_west_1]
}

# `/aws/route53/resolver` takes the log
# events stay in `/aws/route53/resolver` for 365 days
resource "aws_cloudwatch_log_group" "aws_route53_resolver_eu_west_1" {
  provider = aws.eu_west_1
  name     = "/aws/route53/resolver"
  tags = {
    "stele:managed" = "true"
  }
  retention_in_days = var.retention_days

  lifecycle {
    prevent_destroy = true
  }
}

# delivery.logs.amazonaws.com may write to `/aws/route53/resolver`
resource "aws_cloudwatch_log_resource_policy" "stele_logs_eu_west_1" {
  provider    = aws.eu_west_1
  policy_name = "stele-logs"
  policy_document = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "SteleLoges"
        Effect = "Allow"
        Principal = {
          Service = "es.amazonaws.com"
        }
        Action   = "logs:PutLogEvents"
        Resource = "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/es:*"
      },
      {
        Sid    = "SteleLogdelivery"
        Effect = "Allow"
        Principal = {
          Service = "delivery.logs.amazonaws.com"
        }
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "arn:aws:logs:eu-west-1:111122223333:log-group:${aws_cloudwatch_log_group.aws_route53_resolver_eu_west_1.name}:*"
        Condition = {
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
          }
        }
      },
    ]
  })
}

# a place for queries
resource "aws_route53_resolver_query_log_config" "stele_dns_eu_west_1" {
  provider        = aws.eu_west_1
  name            = "stele-dns"
  destination_arn = "arn:aws:logs:eu-west-1:111122223333:log-group:${aws_cloudwatch_log_group.aws_route53_resolver_eu_west_1.name}"
  depends_on      = [aws_cloudwatch_log_resource_policy.stele_logs_eu_west_1]
}

# queries of `vpc-0e1` are logged
resource "aws_route53_resolver_query_log_config_association" "vpc_0e1_eu_west_1" {
  provider                     = aws.eu_west_1
  resolver_query_log_config_id = aws_route53_resolver_query_log_config.stele_dns_eu_west_1.id
  resource_id                  = var.resolver_log_of_vpc_0e1
}

# new files in the buckets are told of here
resource "aws_sqs_queue" "log_queue_eu_west_1" {
  provider                   = aws.eu_west_1
  name                       = "stele-logs"
  message_retention_seconds  = 1209600
  visibility_timeout_seconds = 300
  sqs_managed_sse_enabled    = true
}

# only the buckets may write to the queue
resource "aws_sqs_queue_policy" "log_queue_eu_west_1" {
  provider  = aws.eu_west_1
  queue_url = aws_sqs_queue.log_queue_eu_west_1.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "SteleLogQueue"
        Effect = "Allow"
        Principal = {
          Service = "s3.amazonaws.com"
        }
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.log_queue_eu_west_1.arn
        Condition = {
          ArnEquals = {
            "aws:SourceArn" = [
              "arn:aws:s3:::stele-access-111122223333-eu-west-1",
              "arn:aws:s3:::stele-logs-111122223333-eu-west-1",
            ]
          }
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
          }
        }
      },
    ]
  })
}

# the queue is told of new files
resource "aws_s3_bucket_notification" "stele_access_eu_west_1" {
  provider   = aws.eu_west_1
  bucket     = aws_s3_bucket.stele_access_eu_west_1.id
  depends_on = [aws_sqs_queue_policy.log_queue_eu_west_1]

  queue {
    events    = ["s3:ObjectCreated:*"]
    queue_arn = aws_sqs_queue.log_queue_eu_west_1.arn
  }
}

# the queue is told of new files
resource "aws_s3_bucket_notification" "stele_logs_eu_west_1" {
  provider   = aws.eu_west_1
  bucket     = aws_s3_bucket.stele_logs_eu_west_1.id
  depends_on = [aws_sqs_queue_policy.log_queue_eu_west_1]

  queue {
    events    = ["s3:ObjectCreated:*"]
    queue_arn = aws_sqs_queue.log_queue_eu_west_1.arn
  }
}

# new files in the buckets are told of here
resource "aws_sqs_queue" "log_queue_us_east_1" {
  name                       = "stele-logs"
  message_retention_seconds  = 1209600
  visibility_timeout_seconds = 300
  sqs_managed_sse_enabled    = true
}

# only the buckets may write to the queue
resource "aws_sqs_queue_policy" "log_queue_us_east_1" {
  queue_url = aws_sqs_queue.log_queue_us_east_1.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "SteleLogQueue"
        Effect = "Allow"
        Principal = {
          Service = "s3.amazonaws.com"
        }
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.log_queue_us_east_1.arn
        Condition = {
          ArnEquals = {
            "aws:SourceArn" = [
              "arn:aws:s3:::stele-access-111122223333-us-east-1",
              "arn:aws:s3:::stele-logs-111122223333-us-east-1",
            ]
          }
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
          }
        }
      },
    ]
  })
}

# the queue is told of new files
resource "aws_s3_bucket_notification" "stele_access_us_east_1" {
  bucket     = aws_s3_bucket.stele_access_us_east_1.id
  depends_on = [aws_sqs_queue_policy.log_queue_us_east_1]

  queue {
    events    = ["s3:ObjectCreated:*"]
    queue_arn = aws_sqs_queue.log_queue_us_east_1.arn
  }
}

# the queue is told of new files
resource "aws_s3_bucket_notification" "stele_logs_us_east_1" {
  bucket     = aws_s3_bucket.stele_logs_us_east_1.id
  depends_on = [aws_sqs_queue_policy.log_queue_us_east_1]

  queue {
    events    = ["s3:ObjectCreated:*"]
    queue_arn = aws_sqs_queue.log_queue_us_east_1.arn
  }
}

# new files in the buckets are told of here
resource "aws_sqs_queue" "log_queue_us_west_2" {
  provider                   = aws.us_west_2
  name                       = "stele-logs"
  message_retention_seconds  = 1209600
  visibility_timeout_seconds = 300
  sqs_managed_sse_enabled    = true
}

# only the buckets may write to the queue
resource "aws_sqs_queue_policy" "log_queue_us_west_2" {
  provider  = aws.us_west_2
  queue_url = aws_sqs_queue.log_queue_us_west_2.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "SteleLogQueue"
        Effect = "Allow"
        Principal = {
          Service = "s3.amazonaws.com"
        }
        Action   = "sqs:SendMessage"
        Resource = aws_sqs_queue.log_queue_us_west_2.arn
        Condition = {
          ArnEquals = {
            "aws:SourceArn" = [
              "arn:aws:s3:::stele-access-111122223333-us-west-2",
              "arn:aws:s3:::stele-logs-111122223333-us-west-2",
            ]
          }
          StringEquals = {
            "aws:SourceAccount" = "111122223333"
          }
        }
      },
    ]
  })
}

# the queue is told of new files
resource "aws_s3_bucket_notification" "stele_access_us_west_2" {
  provider   = aws.us_west_2
  bucket     = aws_s3_bucket.stele_access_us_west_2.id
  depends_on = [aws_sqs_queue_policy.log_queue_us_west_2]

  queue {
    events    = ["s3:ObjectCreated:*"]
    queue_arn = aws_sqs_queue.log_queue_us_west_2.arn
  }
}

# the queue is told of new files
resource "aws_s3_bucket_notification" "stele_logs_us_west_2" {
  provider   = aws.us_west_2
  bucket     = aws_s3_bucket.stele_logs_us_west_2.id
  depends_on = [aws_sqs_queue_policy.log_queue_us_west_2]

  queue {
    events    = ["s3:ObjectCreated:*"]
    queue_arn = aws_sqs_queue.log_queue_us_west_2.arn
  }
}

output "log_queue_eu_west_1_url" {
  description = "Where Stele reads of new files"
  value       = aws_sqs_queue.log_queue_eu_west_1.id
}

output "log_queue_us_east_1_url" {
  description = "Where Stele reads of new files"
  value       = aws_sqs_queue.log_queue_us_east_1.id
}

output "log_queue_us_west_2_url" {
  description = "Where Stele reads of new files"
  value       = aws_sqs_queue.log_queue_us_west_2.id
}

# Taken on, not made: these are there already.

import {
  to = aws_cloudtrail.old_us_east_1
  id = "arn:aws:cloudtrail:us-east-1:111122223333:trail/old"
}

import {
  to = aws_cloudwatch_log_group.app_web_us_east_1
  id = "/app/web"
}

import {
  to = aws_s3_bucket_policy.old_logs_us_east_1
  id = "old-logs"
}

import {
  to = aws_s3_bucket_lifecycle_configuration.old_logs_us_east_1
  id = "old-logs"
}

import {
  to = aws_s3_bucket_policy.old_flow_eu_west_1
  id = "old-flow"
}

import {
  to = aws_cloudwatch_log_resource_policy.stele_logs_eu_west_1
  id = "stele-logs"
}

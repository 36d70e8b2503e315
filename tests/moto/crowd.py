"""The account of `cargo xtask bench posture`: one region with 2,000 log groups, 200 VPCs and 600
buckets, one trail, and nothing else.
"""

import json
from concurrent.futures import ThreadPoolExecutor

from account import ACCOUNT, Account

GROUPS, NETWORKS, BUCKETS = 2000, 200, 600


class Crowd(Account):
    def fill(self):
        logs, ec2, s3 = self.client("logs"), self.client("ec2"), self.client("s3")
        with ThreadPoolExecutor(8) as pool:
            for work in (
                pool.map(lambda n: s3.create_bucket(Bucket=f"bucket-{n}"), range(BUCKETS)),
                pool.map(lambda n: logs.create_log_group(logGroupName=f"/app/{n}"), range(GROUPS)),
                pool.map(lambda n: ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16"), range(NETWORKS)),
            ):
                list(work)
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "cloudtrail.amazonaws.com"},
                    "Action": "s3:PutObject",
                    "Resource": f"arn:aws:s3:::bucket-0/AWSLogs/{ACCOUNT}/*",
                }
            ],
        }
        s3.put_bucket_policy(Bucket="bucket-0", Policy=json.dumps(policy))
        trail = self.client("cloudtrail")
        trail.create_trail(Name="audit", S3BucketName="bucket-0", IsMultiRegionTrail=True)
        trail.start_logging(Name="audit")

"""One call of boto3."""
import os

import boto3
from botocore.config import Config

client = boto3.client(
    "dynamodb", region_name="us-west-2", aws_access_key_id="e2e", aws_secret_access_key="e2e",
    verify=os.environ["E2E_CA"], config=Config(retries={"max_attempts": 0}),
)
print(len(client.list_tables()["TableNames"]))

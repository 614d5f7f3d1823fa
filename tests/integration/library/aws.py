"""What boto3 needs in the environment for the tests' S3 servers."""

import os

from tests.tools.rgw import ACCESS_KEY, SECRET_KEY

ENDPOINT = "AWS_ENDPOINT_URL"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": ACCESS_KEY,
    "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_DEFAULT_REGION": "us-east-1",
}

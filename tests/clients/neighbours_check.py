"""The services beside Braket that its users call, by unmodified boto3, against the stand-in that the environment names.

Run it as `shotbook mock exec -- python tests/clients/neighbours_check.py`; the last line counts.
"""

import io
import uuid

import boto3

from checks import check, end, raises, section

ROLE = "AmazonBraketJobsExecutionRole"
SV1 = "arn:aws:braket:::device/quantum-simulator/amazon/sv1"
GROUP = "/aws/braket/jobs"


def identities():
    sts = boto3.client("sts")
    account = sts.get_caller_identity()["Account"]
    session = sts.get_session_token(DurationSeconds=900)["Credentials"]
    role = f"arn:aws:iam::{account}:role/worker"
    assumed = sts.assume_role(RoleArn=role, RoleSessionName="me-1")
    check("assumed", assumed["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{account}:assumed-role/worker/me-1", assumed)
    for name, keys in (("session", session), ("role", assumed["Credentials"])):
        own = boto3.Session(aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
                            aws_session_token=keys["SessionToken"])
        check(f"keys of a {name}", own.client("braket").get_device(deviceArn=SV1)["deviceName"] == "SV1")
    iam = boto3.client("iam")
    pages = iam.get_paginator("list_roles").paginate(PathPrefix="/service-role/")
    check("roles", [r["RoleName"] for page in pages for r in page["Roles"]] == [ROLE])
    check("role", iam.get_role(RoleName=ROLE)["Role"]["Arn"].endswith(f":role/service-role/{ROLE}"))
    raises("no such role", ["NoSuchEntity", "nobody"], lambda: iam.get_role(RoleName="nobody"))


def images():
    ecr = boto3.client("ecr")
    found = ecr.batch_get_image(registryId="292282985366", repositoryName="amazon-braket-base-jobs",
                                imageIds=[{"imageTag": "latest"}, {"imageTag": "never"}])
    check("image", found["images"][0]["imageId"]["imageTag"] == "latest", found)
    check("missing image", found["failures"][0]["failureCode"] == "ImageNotFound", found)
    digest = found["images"][0]["imageId"]["imageDigest"]
    tags = ecr.batch_get_image(registryId="292282985366", repositoryName="amazon-braket-base-jobs",
                               imageIds=[{"imageDigest": digest}])["images"]
    check("long tag", any("-py3" in image["imageId"]["imageTag"] for image in tags), tags)


def logs():
    cloud = boto3.client("logs")
    s3, region = boto3.client("s3"), boto3.client("s3").meta.region_name
    bucket = f"amazon-braket-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
    s3.put_object(Bucket=bucket, Key="source.tar.gz", Body=b"none")
    account = boto3.client("sts").get_caller_identity()["Account"]
    job = boto3.client("braket").create_job(
        jobName="logged", deviceConfig={"device": SV1}, outputDataConfig={"s3Path": f"s3://{bucket}/out"},
        roleArn=f"arn:aws:iam::{account}:role/service-role/{ROLE}", clientToken=str(uuid.uuid4()),
        instanceConfig={"instanceType": "ml.m5.large", "volumeSizeInGb": 1},
        algorithmSpecification={"scriptModeConfig": {"entryPoint": "a:b", "s3Uri": f"s3://{bucket}/source.tar.gz"}})
    boto3.client("braket").get_job(jobArn=job["jobArn"])
    groups = cloud.describe_log_groups(logGroupNamePrefix="/aws/braket")["logGroups"]
    check("groups", [g["logGroupName"] for g in groups] == [GROUP], groups)
    streams = cloud.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix="logged/")["logStreams"]
    check("streams", len(streams) == 1 and streams[0]["logStreamName"].endswith("/algo-1"), streams)
    page = cloud.get_log_events(logGroupName=GROUP, logStreamName=streams[0]["logStreamName"], startFromHead=True)
    check("events", len(page["events"]) > 0 and "message" in page["events"][0], page)
    rest = cloud.get_log_events(logGroupName=GROUP, logStreamName=streams[0]["logStreamName"], startFromHead=True,
                                nextToken=page["nextForwardToken"])
    check("end", rest["events"] == [] and rest["nextForwardToken"] == page["nextForwardToken"], rest)
    raises("no such group", ["ResourceNotFoundException"],
           lambda: cloud.get_log_events(logGroupName="/aws/none", logStreamName="x"))


def prices():
    pricing = boto3.client("pricing", region_name="us-east-1")
    rows = pricing.get_products(ServiceCode="AmazonBraket", MaxResults=5)
    check("page of products", len(rows["PriceList"]) == 5 and rows["NextToken"], rows.keys())
    pages = pricing.get_paginator("get_products").paginate(ServiceCode="AmazonBraket")
    check("all products", len([row for page in pages for row in page["PriceList"]]) > 20)


def objects():
    s3 = boto3.client("s3")
    bucket = f"neighbours-{uuid.uuid4().hex[:8]}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name})
    check("buckets by prefix", [b["Name"] for b in s3.list_buckets(Prefix=bucket)["Buckets"]] == [bucket])
    put = s3.put_object(Bucket=bucket, Key="a & b", Body=b"abc", Tagging="team=x")
    check("encrypted", put["ServerSideEncryption"] == "AES256", put)
    check("tags", s3.get_object_tagging(Bucket=bucket, Key="a & b")["TagSet"] == [{"Key": "team", "Value": "x"}])
    s3.put_object_tagging(Bucket=bucket, Key="a & b", Tagging={"TagSet": [{"Key": "k", "Value": "<v>"}]})
    check("new tags", s3.get_object_tagging(Bucket=bucket, Key="a & b")["TagSet"] == [{"Key": "k", "Value": "<v>"}])
    check("tag count", s3.get_object(Bucket=bucket, Key="a & b")["TagCount"] == 1)
    got = s3.get_object_attributes(Bucket=bucket, Key="a & b", ObjectAttributes=["ETag", "ObjectSize"])
    check("attributes", (got["ObjectSize"], got["ETag"]) == (3, put["ETag"].strip('"')), got)
    upload = s3.create_multipart_upload(Bucket=bucket, Key="big")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="big", UploadId=upload, PartNumber=1, Body=b"part")
    check("uploads", [u["UploadId"] for u in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [upload])
    listed = s3.list_parts(Bucket=bucket, Key="big", UploadId=upload)["Parts"]
    check("parts", [(p["PartNumber"], p["ETag"]) for p in listed] == [(1, part["ETag"])], listed)
    s3.abort_multipart_upload(Bucket=bucket, Key="big", UploadId=upload)
    s3.upload_fileobj(io.BytesIO(b"z" * 9_000_000), bucket, "big")
    versions = s3.list_object_versions(Bucket=bucket)["Versions"]
    check("versions", [(v["Key"], v["VersionId"]) for v in versions] == [("a & b", "null"), ("big", "null")], versions)
    boto3.resource("s3").Bucket(bucket).object_versions.delete()
    s3.delete_bucket(Bucket=bucket)
    check("emptied and gone", s3.list_buckets(Prefix=bucket)["Buckets"] == [])


if __name__ == "__main__":
    for part in (identities, images, logs, prices, objects):
        section(part)
    end()

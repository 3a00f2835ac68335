"""AWS::S3::Bucket, private and encrypted; bucket names are global, so ours end with account and region."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mldeploy import Observed, Phase, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import AwsDriver, found_or_none
from mldeploy_aws.naming import shortened

LONGEST_BUCKET_NAME = 63
NO_LOCATION = "us-east-1"  # the one region that CreateBucket does not accept as a LocationConstraint


class BucketDriver(AwsDriver):
    """Spec: PublicAccessBlockConfiguration. Outputs: BucketName, Arn, ObjectsArn."""

    service = "s3"

    def find(self, step: Step) -> Observed | None:
        """Return the bucket if it is there."""
        name = self._bucket(step)
        if found_or_none(lambda: self.client.head_bucket(Bucket=name), "404", "NoSuchBucket") is None:
            return None
        tags = found_or_none(lambda: self.client.get_bucket_tagging(Bucket=name)["TagSet"], "NoSuchTagSet") or []
        block = found_or_none(
            lambda: self.client.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"],
            "NoSuchPublicAccessBlockConfiguration",
        )
        spec = {"PublicAccessBlockConfiguration": block or {}}
        return Observed(outputs=self._outputs(name), spec=spec, owned=self.owns(tags), drift=self.tag_drift(tags))

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the bucket with our tags, so that it is known as ours from the start, then close it to the public."""
        name = self._bucket(step)
        where = {} if self.aws.region == NO_LOCATION else {"LocationConstraint": self.aws.region}
        self.client.create_bucket(Bucket=name, CreateBucketConfiguration={**where, "Tags": self.tag_list()})
        return self._settle(name, step)

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:  # noqa: ARG002 - all is put again
        """Close the bucket to the public again and tag it."""
        return self._settle(self._bucket(step), step)

    def put_tags(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Put our tags."""
        self.client.put_bucket_tagging(Bucket=self._bucket(step), Tagging={"TagSet": self.tag_list()})

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Delete the bucket; S3 refuses while objects that are not ours lie in it."""
        self.client.delete_bucket(Bucket=self._bucket(step))

    def candidates(self) -> Iterable[Step]:
        """Yield the buckets whose names begin with the name of the release."""
        for page in self.client.get_paginator("list_buckets").paginate():
            for bucket in page["Buckets"]:
                if bucket["Name"].startswith(f"{self.stem}-") and bucket["Name"].endswith(self._suffix):
                    name = bucket["Name"].removesuffix(self._suffix)
                    yield Step(kind="AWS::S3::Bucket", name=name, phase=Phase.BUILD)

    def _settle(self, name: str, step: Step) -> Mapping[str, JSON]:
        block = step.spec["PublicAccessBlockConfiguration"]
        self.client.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=block)
        self.client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": self.tag_list()})
        return self._outputs(name)

    def _bucket(self, step: Step) -> str:
        return shortened(step.name, LONGEST_BUCKET_NAME - len(self._suffix)) + self._suffix

    @property
    def _suffix(self) -> str:
        return f"-{self.aws.account_id}-{self.aws.region}"

    @staticmethod
    def _outputs(name: str) -> Mapping[str, JSON]:
        return {"BucketName": name, "Arn": f"arn:aws:s3:::{name}", "ObjectsArn": f"arn:aws:s3:::{name}/*"}

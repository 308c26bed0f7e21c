package aws

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tlsfloor/classify"
)

func TestParse(t *testing.T) {
	for _, group := range [][]parseCase{serviceNames, s3Names, customerNames, endpointKinds, partitionNames, hostileNames} {
		for _, c := range group {
			got, ok := Parse(c.host)
			if !ok {
				t.Errorf("Parse(%q): not an AWS name", c.host)
			} else if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Parse(%q), want - and got +:\n%s", c.host, diff)
			}
		}
	}
}

type parseCase struct {
	host string
	want classify.AWS
}

// in is the wanted result in the partition aws; the options add to it.
func in(region, service, resource string, options ...func(*classify.AWS)) classify.AWS {
	a := classify.AWS{Partition: "aws", Region: region, Service: service, Resource: resource}
	for _, o := range options {
		o(&a)
	}
	return a
}

func fips(a *classify.AWS)      { a.FIPS = true }
func dualStack(a *classify.AWS) { a.DualStack = true }
func endpoint(a *classify.AWS)  { a.VPCEndpoint = true }
func gov(a *classify.AWS)       { a.Partition = "aws-us-gov" }
func china(a *classify.AWS)     { a.Partition = "aws-cn" }

var serviceNames = []parseCase{
	{"dynamodb.us-west-2.amazonaws.com", in("us-west-2", "dynamodb", "")},
	{"DynamoDB.US-West-2.AmazonAWS.com.", in("us-west-2", "dynamodb", "")},
	{"iam.amazonaws.com", in("us-east-1", "iam", "")},
	{"sts.amazonaws.com", in("us-east-1", "sts", "")},
	{"sts.eu-west-3.amazonaws.com", in("eu-west-3", "sts", "")},
	{"states.us-east-1.amazonaws.com", in("us-east-1", "states", "")},
	{"email-smtp.us-east-1.amazonaws.com", in("us-east-1", "email-smtp", "")},
	{"api.ecr.us-east-1.amazonaws.com", in("us-east-1", "api.ecr", "")},
	{"runtime.sagemaker.us-east-1.amazonaws.com", in("us-east-1", "runtime.sagemaker", "")},
	{"streams.dynamodb.us-east-1.amazonaws.com", in("us-east-1", "streams.dynamodb", "")},
	{"data.iot.us-east-1.amazonaws.com", in("us-east-1", "data.iot", "")},
	{"session.qldb.us-east-1.amazonaws.com", in("us-east-1", "qldb", "")},
	{"newservice.us-east-1.amazonaws.com", in("us-east-1", "newservice", "")},
	{"iam.newregionless.amazonaws.com", in("", "newregionless", "iam")},
	{"queue.amazonaws.com", in("", "sqs", "")},
	{"us-west-2.queue.amazonaws.com", in("us-west-2", "sqs", "")},
	{"us-east-1.elasticmapreduce.amazonaws.com", in("us-east-1", "elasticmapreduce", "")},
	{"us-east-1.amazonaws.com", in("us-east-1", "", "")},
	{"us-east-1.console.aws.amazon.com", in("us-east-1", "console", "")},
}

var s3Names = []parseCase{
	{"s3.amazonaws.com", in("us-east-1", "s3", "")},
	{"bucket.s3.amazonaws.com", in("", "s3", "bucket")},
	{"*.s3.amazonaws.com", in("", "s3", "*")},
	{"bucket.with.dots.s3.amazonaws.com", in("", "s3", "bucket.with.dots")},
	{"logs.us-west-2.s3.amazonaws.com", in("", "s3", "logs.us-west-2")},
	{"my-fips.s3.amazonaws.com", in("", "s3", "my-fips")},
	{"bucket.with.dots.s3.eu-west-1.amazonaws.com", in("eu-west-1", "s3", "bucket.with.dots")},
	{"s3-external-1.amazonaws.com", in("us-east-1", "s3", "")},
	{"s3-us-west-2.amazonaws.com", in("us-west-2", "s3", "")},
	{"bucket.s3-us-west-2.amazonaws.com", in("us-west-2", "s3", "bucket")},
	{"bucket.s3-website-us-east-1.amazonaws.com", in("us-east-1", "s3", "bucket")},
	{"bucket.s3-website.us-east-2.amazonaws.com", in("us-east-2", "s3", "bucket")},
	{"bucket.s3-accelerate.amazonaws.com", in("", "s3", "bucket")},
	{"bucket.s3-accelerate.dualstack.amazonaws.com", in("", "s3", "bucket", dualStack)},
	{"bucket.s3.dualstack.us-east-1.amazonaws.com", in("us-east-1", "s3", "bucket", dualStack)},
	{"bucket.s3-fips.us-east-1.amazonaws.com", in("us-east-1", "s3", "bucket", fips)},
	{"bucket.s3-fips.dualstack.us-east-1.amazonaws.com", in("us-east-1", "s3", "bucket", fips, dualStack)},
	{"s3-fips-us-gov-west-1.amazonaws.com", in("us-gov-west-1", "s3", "", fips, gov)},
	{"111122223333.s3-control.us-west-2.amazonaws.com", in("us-west-2", "s3-control", "111122223333")},
	{"files-111122223333.s3-accesspoint.us-west-2.amazonaws.com", in("us-west-2", "s3", "files-111122223333")},
	{"files-1.s3-accesspoint-fips.dualstack.us-west-2.amazonaws.com", in("us-west-2", "s3", "files-1", fips, dualStack)},
	{"mfzwi23gnjvgw.mrap.accesspoint.s3-global.amazonaws.com", in("", "s3", "mfzwi23gnjvgw.mrap")},
	{"b--use1-az4--x-s3.s3express-use1-az4.us-east-1.amazonaws.com", in("us-east-1", "s3express", "b--use1-az4--x-s3")},
	{"s3express-control.us-east-1.amazonaws.com", in("us-east-1", "s3express-control", "")},
	{"b.bucket.vpce-1a2b-ab.s3.us-east-1.vpce.amazonaws.com", in("us-east-1", "s3", "b.bucket.vpce-1a2b-ab", endpoint)},
}

var customerNames = []parseCase{
	{"a1b2c3.execute-api.us-east-1.amazonaws.com", in("us-east-1", "execute-api", "a1b2c3")},
	{"a1b2c3-vpce-0123.execute-api.us-east-1.amazonaws.com", in("us-east-1", "execute-api", "a1b2c3-vpce-0123", endpoint)},
	{"web-1234.us-east-1.elb.amazonaws.com", in("us-east-1", "elb", "web-1234")},
	{"dualstack.web-1234.us-east-1.elb.amazonaws.com", in("us-east-1", "elb", "web-1234", dualStack)},
	{"net-0123.elb.us-east-1.amazonaws.com", in("us-east-1", "elb", "net-0123")},
	{"web-1234.elb.amazonaws.com", in("", "elb", "web-1234")},
	{"db.c1a2.us-west-2.rds.amazonaws.com", in("us-west-2", "rds", "db.c1a2")},
	{"db.cluster-c1a2.us-west-2.rds.amazonaws.com", in("us-west-2", "rds", "db.cluster-c1a2")},
	{"db.cluster-c1a2.us-west-2.docdb.amazonaws.com", in("us-west-2", "docdb", "db.cluster-c1a2")},
	{"db.cluster-ro-c1a2.us-west-2.neptune.amazonaws.com", in("us-west-2", "neptune", "db.cluster-ro-c1a2")},
	{"dw.c1a2.us-west-2.redshift.amazonaws.com", in("us-west-2", "redshift", "dw.c1a2")},
	{"wg.111122223333.us-west-2.redshift-serverless.amazonaws.com", in("us-west-2", "redshift-serverless", "wg.111122223333")},
	{"shop.abc123.0001.use1.cache.amazonaws.com", in("us-east-1", "elasticache", "shop.abc123.0001")},
	{"shop-abc.serverless.apne1.cache.amazonaws.com", in("ap-northeast-1", "elasticache", "shop-abc.serverless")},
	{"shop.abc123.0001.xx9.cache.amazonaws.com", in("", "elasticache", "shop.abc123.0001.xx9")},
	{"clustercfg.shop.abc.memorydb.us-east-1.amazonaws.com", in("us-east-1", "memorydb", "clustercfg.shop.abc")},
	{"b-1.c.abc.c2.kafka.us-east-1.amazonaws.com", in("us-east-1", "kafka", "b-1.c.abc.c2")},
	{"b-0123-1.mq.us-east-1.amazonaws.com", in("us-east-1", "mq", "b-0123-1")},
	{"abc123-ats.iot.us-east-1.amazonaws.com", in("us-east-1", "iot", "abc123")},
	{"abc123.credentials.iot.us-east-1.amazonaws.com", in("us-east-1", "iot", "abc123")},
	{"search-logs-abc.us-east-1.es.amazonaws.com", in("us-east-1", "es", "search-logs-abc")},
	{"abc.us-east-1.aoss.amazonaws.com", in("us-east-1", "aoss", "abc")},
	{"111122223333.dkr.ecr.us-east-1.amazonaws.com", in("us-east-1", "ecr", "111122223333")},
	{"111122223333.dkr-ecr.us-east-1.on.aws", in("us-east-1", "ecr", "111122223333")},
	{"public.ecr.aws", in("", "ecr", "")},
	{"s-0123.server.transfer.us-east-1.amazonaws.com", in("us-east-1", "transfer", "s-0123")},
	{"ec2-192-0-2-1.compute-1.amazonaws.com", in("us-east-1", "ec2", "ec2-192-0-2-1")},
	{"ec2-192-0-2-1.us-west-2.compute.amazonaws.com", in("us-west-2", "ec2", "ec2-192-0-2-1")},
	{"ABC.gr7.us-east-1.eks.amazonaws.com", in("us-east-1", "eks", "abc.gr7")},
	{"fs-0123.efs.us-east-1.amazonaws.com", in("us-east-1", "efs", "fs-0123")},
	{"abc.lambda-url.eu-west-1.on.aws", in("eu-west-1", "lambda-url", "abc")},
	{"d-abc.studio.us-east-1.sagemaker.aws", in("us-east-1", "sagemaker", "d-abc.studio")},
	{"d111.cloudfront.net", in("", "cloudfront", "d111")},
	{"a0123.awsglobalaccelerator.com", in("", "globalaccelerator", "a0123")},
	{"a0123.dualstack.awsglobalaccelerator.com", in("", "globalaccelerator", "a0123", dualStack)},
	{"env.us-east-1.elasticbeanstalk.com", in("us-east-1", "elasticbeanstalk", "env")},
	{"abc.us-east-1.awsapprunner.com", in("us-east-1", "apprunner", "abc")},
	{"pool.auth.us-east-1.amazoncognito.com", in("us-east-1", "cognito-idp", "pool.auth")},
	{"pool.auth-fips.us-gov-west-1.amazoncognito.com", in("us-gov-west-1", "cognito-idp", "pool.auth-fips", fips, gov)},
	{"d-0123.awsapps.com", in("", "awsapps", "d-0123")},
	{"smtp.mail.us-east-1.awsapps.com", in("us-east-1", "awsapps", "smtp.mail")},
}

var endpointKinds = []parseCase{
	{"kms-fips.us-east-1.amazonaws.com", in("us-east-1", "kms", "", fips)},
	{"fips.batch.us-east-1.amazonaws.com", in("us-east-1", "batch", "", fips)},
	{"api-fips.sagemaker.us-east-1.amazonaws.com", in("us-east-1", "api.sagemaker", "", fips)},
	{"abc.credentials.iot-fips.us-east-1.amazonaws.com", in("us-east-1", "iot", "abc.credentials", fips)},
	{"events.us-gov-west-1.amazonaws.com", in("us-gov-west-1", "events", "", gov, fips)},
	{"ec2.us-gov-west-1.amazonaws.com", in("us-gov-west-1", "ec2", "", gov)},
	{"ec2.us-east-1.api.aws", in("us-east-1", "ec2", "", dualStack)},
	{"kms-fips.us-gov-east-1.api.aws", in("us-gov-east-1", "kms", "", gov, fips, dualStack)},
	{"aos.us-east-1.api.aws", in("us-east-1", "es", "", dualStack)},
	{"vpce-0ab-cd.sqs.us-west-2.vpce.amazonaws.com", in("us-west-2", "sqs", "vpce-0ab-cd", endpoint)},
	{"vpce-0ab-cd.api.ecr.us-west-2.vpce.amazonaws.com", in("us-west-2", "api.ecr", "vpce-0ab-cd", endpoint)},
	{"vpce-0ab-cd.kms-fips.us-west-2.vpce.amazonaws.com", in("us-west-2", "kms", "vpce-0ab-cd", endpoint, fips)},
	{"vpce-0ab.vpce-svc-0cd.us-west-2.vpce.amazonaws.com", in("us-west-2", "vpce", "vpce-0ab", endpoint)},
}

var partitionNames = []parseCase{
	{"s3.cn-north-1.amazonaws.com.cn", in("cn-north-1", "s3", "", china)},
	{"db.c1a2.rds.cn-north-1.amazonaws.com.cn", in("cn-north-1", "rds", "db.c1a2", china)},
	{"ec2-192-0-2-1.cn-north-1.compute.amazonaws.com.cn", in("cn-north-1", "ec2", "ec2-192-0-2-1", china)},
	{"shop.abc.0001.cnn1.cache.amazonaws.com.cn", in("cn-north-1", "elasticache", "shop.abc.0001", china)},
	{"env.cn-north-1.eb.amazonaws.com.cn", in("cn-north-1", "elasticbeanstalk", "env", china)},
	{"ec2.cn-north-1.api.amazonwebservices.com.cn", in("cn-north-1", "ec2", "", china, dualStack)},
	{"1.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", in("cn-north-1", "ecr", "1", china)},
	{"shop.abc.usgw1.cache.amazonaws.com", in("us-gov-west-1", "elasticache", "shop.abc", gov)},
	{"iam.us-gov.amazonaws.com", in("us-gov-west-1", "iam", "", gov, fips)},
	{"newservice.us-gov.amazonaws.com", in("", "newservice", "", gov)},
	{"newservice.global.api.aws", in("", "newservice", "", dualStack)},
	{"ec2.eusc-de-east-1.amazonaws.eu", partition("aws-eusc", "eusc-de-east-1", "ec2")},
	{"ec2.us-iso-east-1.c2s.ic.gov", partition("aws-iso", "us-iso-east-1", "ec2")},
	{"ec2.us-isob-east-1.sc2s.sgov.gov", partition("aws-iso-b", "us-isob-east-1", "ec2")},
	{"ec2.eu-isoe-west-1.cloud.adc-e.uk", partition("aws-iso-e", "eu-isoe-west-1", "ec2")},
	{"ec2.us-isof-south-1.csp.hci.ic.gov", partition("aws-iso-f", "us-isof-south-1", "ec2")},
	// Regions that are in no data: a pattern of a partition, and a part of the world that has none yet.
	{"ec2.ap-farsouth-3.amazonaws.com", in("ap-farsouth-3", "ec2", "")},
	{"ec2.us-gov-central-12.amazonaws.com", in("us-gov-central-12", "ec2", "", gov)},
	{"ec2.nz-north-1.amazonaws.com", in("nz-north-1", "ec2", "")},
	{"db.c1.nz-north-1.rds.amazonaws.com", in("nz-north-1", "rds", "db.c1")},
}

func partition(id, region, service string) classify.AWS {
	return classify.AWS{Partition: id, Region: region, Service: service}
}

var hostileNames = []parseCase{
	{"..amazonaws.com.s3.amazonaws.com", in("", "s3", "..amazonaws.com")},
	{"a\x00b\xff.s3.amazonaws.com", in("", "s3", "a\x00b\xff")},
	{"A\xffB.s3.amazonaws.com", in("", "s3", "a\xffb")},
	{"-.-1.amazonaws.com", in("", "-1", "-")},
	{"fips.amazonaws.com", in("", "fips", "")},
	{"dualstack.amazonaws.com", in("", "", "", dualStack)},
	{"global.amazonaws.com", in("", "", "")},
	{"vpce.amazonaws.com", in("", "vpce", "")},
	{"us-east-1.vpce.amazonaws.com", in("us-east-1", "", "", endpoint)},
	{"us-east-1-us-west-2.amazonaws.com", in("us-west-2", "us-east-1", "")},
	{"xn--evil.us-east-1.amazonaws.com", in("us-east-1", "xn--evil", "")},
}

func TestParseRefuses(t *testing.T) {
	for _, host := range outOfEveryScope {
		if a, ok := Parse(host); ok {
			t.Errorf("Parse(%q) = %+v", host, a)
		}
	}
}

func TestParseAllocatesNothing(t *testing.T) {
	hosts := []string{
		"dynamodb.us-west-2.amazonaws.com", "bucket.with.dots.s3.amazonaws.com", "shop.abc.0001.use1.cache.amazonaws.com",
		"iam.amazonaws.com", "vpce-0ab.api.ecr.us-west-2.vpce.amazonaws.com", "www.example.com",
	}
	if n := testing.AllocsPerRun(100, func() {
		for _, h := range hosts {
			Parse(h)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParse(f *testing.F) {
	for _, group := range [][]parseCase{serviceNames, s3Names, customerNames, endpointKinds, partitionNames, hostileNames} {
		for _, c := range group {
			f.Add(c.host)
		}
	}
	f.Fuzz(func(t *testing.T, host string) {
		a, ok := Parse(host)
		if ok != InScopeAll(host) {
			t.Errorf("Parse says %v, InScopeAll %v", ok, InScopeAll(host))
		}
		if InScope(host) && !ok {
			t.Error("in scope, but not an AWS name")
		}
		if ok && a.Partition == "" {
			t.Error("no partition")
		}
		if !strings.Contains(lowerCase(host), a.Resource) {
			t.Errorf("resource %q is not in the name", a.Resource)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for _, host := range []string{
		"dynamodb.us-west-2.amazonaws.com",
		"bucket.with.dots.s3.amazonaws.com",
		"vpce-0ab-cd.api.ecr.us-west-2.vpce.amazonaws.com",
		"d111.cloudfront.net",
		strings.Repeat("a-1", 80) + ".amazonaws.com", // as many places for a region as a name can have
	} {
		b.Run(host[:min(len(host), 24)], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Parse(host)
			}
		})
	}
}

package aws

import (
	"strings"
	"testing"
)

// outOfEveryScope holds names that look like AWS's.
var outOfEveryScope = []string{
	"", ".", "..", "com", "aws", ".aws", "amazonaws.com", ".amazonaws.com", "amazonaws.com.", "..amazonaws.com",
	"amazonaws.com.cn", ".amazonaws.com.cn", "evilamazonaws.com", "evilamazonaws.com.cn", "s3.evilamazonaws.com",
	"amazonaws.com.evil.net", "s3.amazonaws.com.evil.net", "s3.amazonaws.com.cn.evil.net", "s3.amazonaws.co",
	"s3.amazonaws.com\x00.evil.net", "s3.amazonaws.com..", "s3.amazonaws.com ", "s3-amazonaws-com.evil.net",
	"amazon.com", "www.amazon.com", "evil.cloudfront.net.example", "fakecloudfront.net", "example.laws", "api.aws.example",
	"s3.amazonaws.com:443", "s3.c2ſ.ic.gov", "s3.amazonaws\u3002com", "127.0.0.1", strings.Repeat("a.", 1<<15) + "s3.amazonaws.com.example",
}

func TestInScope(t *testing.T) {
	for _, host := range []string{
		"s3.amazonaws.com", "S3.AMAZONAWS.COM", "s3.AmazonAWS.com.", "a.b.c.d.e.s3.amazonaws.com", "*.s3.amazonaws.com",
		"sqs.cn-north-1.amazonaws.com.cn", "SQS.cn-north-1.AMAZONAWS.COM.CN.", "amazonaws.com.amazonaws.com",
		"a\x00b.amazonaws.com", strings.Repeat("a.", 119) + "a.amazonaws.com",
		strings.Repeat("a", 300) + ".amazonaws.com", strings.Repeat("a.", 1<<15) + "s3.amazonaws.com",
	} {
		if !InScope(host) || !InScopeAll(host) {
			t.Errorf("InScope(%q) = %v, InScopeAll = %v", host, InScope(host), InScopeAll(host))
		}
	}
	for _, host := range outOfEveryScope {
		if InScope(host) || InScopeAll(host) {
			t.Errorf("InScope(%.40q) = %v, InScopeAll = %v", host, InScope(host), InScopeAll(host))
		}
	}
}

func TestInScopeAll(t *testing.T) {
	for _, host := range []string{
		"s3.us-iso-east-1.c2s.ic.gov", "s3.us-isob-east-1.sc2s.sgov.gov", "s3.eu-isoe-west-1.cloud.adc-e.uk",
		"s3.us-isof-south-1.csp.hci.ic.gov", "s3.eusc-de-east-1.amazonaws.eu", "ec2.us-east-1.api.aws",
		"ec2.eusc-de-east-1.api.amazonwebservices.eu", "ec2.cn-north-1.api.amazonwebservices.com.cn",
		"d111.cloudfront.net", "D111.CloudFront.NET.", "a.awsglobalaccelerator.com", "x.lambda-url.us-east-1.on.aws",
		"x.awsapps.com", "env.elasticbeanstalk.com", "main.d1.amplifyapp.com", "signin.aws.amazon.com", "public.ecr.aws",
	} {
		if InScope(host) {
			t.Errorf("InScope(%q): the default scope is amazonaws.com and amazonaws.com.cn only", host)
		}
		if !InScopeAll(host) {
			t.Errorf("InScopeAll(%q) = false", host)
		}
	}
}

func TestScopeAllocatesNothing(t *testing.T) {
	wrong := false
	if n := testing.AllocsPerRun(100, func() {
		wrong = wrong || !InScope("Bucket.S3.US-West-2.AmazonAWS.com.") ||
			!InScopeAll("Bucket.S3.US-West-2.AmazonAWS.com.") || InScopeAll("www.example.com")
	}); n != 0 || wrong {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkInScope(b *testing.B) {
	for _, host := range []string{"dynamodb.us-west-2.amazonaws.com", "www.example.com", "sqs.cn-north-1.amazonaws.com.cn"} {
		b.Run(host, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				InScope(host)
			}
		})
	}
}

func BenchmarkInScopeAll(b *testing.B) {
	for _, host := range []string{"dynamodb.us-west-2.amazonaws.com", "www.example.com", "d111.cloudfront.net"} {
		b.Run(host, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				InScopeAll(host)
			}
		})
	}
}

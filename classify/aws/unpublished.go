package aws

// No SDK publishes the names below, because AWS assigns them to customers' resources.
// They are from the AWS documentation of each service (the pages on endpoints and
// connecting) and, for the suffixes, from Amazon's section of the Public Suffix List.

// unpublishedSuffixes are the suffixes of such names. Of two that match, the longer
// counts.
var unpublishedSuffixes = []suffix{
	{text: ".on.aws", partition: "aws"},
	{text: ".on.amazonwebservices.com.cn", partition: "aws-cn"},
	{text: ".on.amazonwebservices.eu", partition: "aws-eusc"},
	{text: ".aws", partition: "aws"}, // the top-level domain is Amazon's: sagemaker.aws, public.ecr.aws
	{text: ".cloudfront.net", partition: "aws", service: "cloudfront"},
	{text: ".cloudfront.cn", partition: "aws-cn", service: "cloudfront"},
	{text: ".awsglobalaccelerator.com", partition: "aws", service: "globalaccelerator"},
	{text: ".elasticbeanstalk.com", partition: "aws", service: "elasticbeanstalk"},
	{text: ".amplifyapp.com", partition: "aws", service: "amplify"},
	{text: ".awsapprunner.com", partition: "aws", service: "apprunner"},
	{text: ".amazoncognito.com", partition: "aws", service: "cognito-idp"},
	{text: ".amazonlightsail.com", partition: "aws", service: "lightsail"},
	{text: ".awswaf.com", partition: "aws", service: "waf"},
	{text: ".amazonses.com", partition: "aws", service: "ses"},
	{text: ".sagemaker.com.cn", partition: "aws-cn", service: "sagemaker"},
	{text: ".awsapps.com", partition: "aws", service: "awsapps"}, // IAM Identity Center, WorkDocs or WorkMail: the name does not tell
	{text: ".aws.amazon.com", partition: "aws"},                  // console, signin, quicksight
	{text: ".amazonaws.cn", partition: "aws-cn"},                 // the same in China
	{text: ".amazonaws-us-gov.com", partition: "aws-us-gov"},     // the same in GovCloud
}

// unpublishedServices are the services of labels whose last one is not the service's
// name, or that have more than the service and the customer's part.
var unpublishedServices = map[string]string{
	"accesspoint.s3-global": "s3", // Multi-Region Access Points
	"s3-accelerate":         "s3",
	"s3-accesspoint":        "s3",
	"s3-accesspoint-fips":   "s3",
	"s3-deprecated":         "s3",
	"s3-external-1":         "s3",
	"s3-external-2":         "s3",
	"s3-fips":               "s3",
	"s3-r-w":                "s3",
	"s3-website":            "s3",

	"cache":     "elasticache",
	"compute":   "ec2",
	"compute-1": "ec2",
	"eb":        "elasticbeanstalk", // China
	"queue":     "sqs",              // the first SQS endpoints

	"credentials.iot":   "iot",
	"d.codeartifact":    "codeartifact",
	"dkr-ecr":           "ecr",
	"dkr-ecr-fips":      "ecr",
	"dkr.ecr":           "ecr",
	"dkr.ecr-fips":      "ecr",
	"public.ecr":        "ecr",
	"server.transfer":   "transfer",
	"vfs.cloud9":        "cloud9",
	"data.mediastore":   "mediastore",
	"eks-cluster":       "eks",
	"data-kinesis":      "kinesis", // account-based endpoints
	"control-kinesis":   "kinesis",
	"ddb":               "dynamodb",
	"data-kinesis-fips": "kinesis",

	// Retired services, which are no longer in the SDK's data. Their clients are old,
	// and old clients are the likeliest to use old versions.
	"api.elastic-inference": "elastic-inference",
	"api.fleethub.iot":      "iot",
	"data.iotevents":        "iotevents",
	"projects.iot1click":    "iot1click",
	"session.qldb":          "qldb",
}

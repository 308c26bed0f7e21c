package aws

import "tlsfloor/classify"

// Parse reads what host tells about an AWS endpoint. It returns false for names that are
// not AWS's, for which InScopeAll is false.
//
// Service is the AWS SDK's id of the endpoint ("api.ecr", "runtime.sagemaker"), else
// the label that names the service. Region is the one in the name, or that of a global
// endpoint in the SDK's data (iam.amazonaws.com: us-east-1). Resource is the part of the
// name before the service.
//
// The strings share host's memory, unless host has upper-case letters. The work is
// linear in the length of host, and nothing is allocated for a name in lower case.
func Parse(host string) (classify.AWS, bool) {
	host = lowerCase(withoutRoot(host))
	s := suffixOf(host)
	if s == nil {
		return classify.AWS{}, false
	}
	if a, ok := known.names[host]; ok {
		return a, true
	}
	n := name{
		AWS:  classify.AWS{Partition: s.partition, Service: s.service, DualStack: s.dualStack},
		rest: host[:len(host)-len(s.text)],
	}
	n.read()
	return n.AWS, true
}

// name is a host name that is read from its end.
type name struct {
	classify.AWS
	rest string // the unread part, without the dot after it
}

// read reads the labels before the suffix. They come in three orders:
//
//	resource.service.region   bucket.s3.us-west-2
//	resource.region.service   db.xyz.us-west-2.rds
//	resource.service          bucket.s3
func (n *name) read() {
	n.readDualStack()
	left, last := cutLast(n.rest)
	switch {
	case n.readRegion(left, last):
		n.readDualStack()
		n.readService()
	case !isS3(last) && n.readRegionBefore(left, last):
	default:
		n.readService()
	}
}

// readDualStack reads the label "dualstack", as in s3.dualstack.us-west-2.
func (n *name) readDualStack() {
	if left, last := cutLast(n.rest); last == "dualstack" {
		n.DualStack, n.rest = true, left
	}
}

// readRegion reads the last label if it tells where the endpoint is.
func (n *name) readRegion(left, last string) bool {
	switch last {
	case "global": // iam.global.api.aws
		n.rest = left
		return true
	case "us-gov": // iam.us-gov.amazonaws.com
		n.Partition, n.rest = "aws-us-gov", left
		return true
	}
	p, ok := findRegion(last)
	if !ok {
		return false
	}
	n.setRegion(p.region, p.partition)
	n.FIPS = p.before == "fips" || p.after == "fips"
	if p.before != "" && (left == "" || isS3(p.before)) {
		n.rest = n.rest[:len(n.rest)-len(last)+len(p.before)] // s3-us-west-2: the service is in the label too
	} else {
		n.rest = left
	}
	return true
}

// readRegionBefore reads a name whose last label is the service and whose last but one
// is the region.
func (n *name) readRegionBefore(left, last string) bool {
	resource, region := cutLast(left)
	if last == "cache" {
		region = known.shorts[region]
	}
	partition, ok := partitionOf(region)
	if !ok {
		return false
	}
	n.setRegion(region, partition)
	n.rest = last
	if last == "vpce" { // vpce-0abc.sqs.us-west-2.vpce
		n.VPCEndpoint, n.rest = true, resource
		n.readService()
		return true
	}
	n.readService()
	n.setResource(resource)
	return true
}

// setRegion sets the region. It also sets the region's partition if that has the same
// suffix as the present one, as aws and aws-us-gov have.
func (n *name) setRegion(region, partition string) {
	n.Region = region
	if partition != "" && partition != n.Partition && known.partitions[partition] == known.partitions[n.Partition] {
		n.Partition = partition
	}
}

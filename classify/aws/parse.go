package aws

import "tlsfloor/classify"

// Parse reads what host says about an AWS endpoint, and reports whether it is
// an AWS name at all: exactly the names for which InScopeAll is true.
//
// Service is the id that the AWS SDK gives the endpoint ("api.ecr",
// "runtime.sagemaker"), else the label that names it. Region is in the name,
// but for the few global endpoints of which the SDK publishes the region they
// live in (iam.amazonaws.com: us-east-1). Resource is what stands in front of
// the service, as it stands there.
//
// The strings share host's memory, unless host has upper-case letters. The work
// is linear in the length of host, and nothing is allocated for a name in lower
// case.
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

// name is a host name being read from its end.
type name struct {
	classify.AWS
	rest string // what has not been read, without the dot after it
}

// read takes the labels in front of the suffix. They come in three orders:
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

// readDualStack takes the label "dualstack", as in s3.dualstack.us-west-2.
func (n *name) readDualStack() {
	if left, last := cutLast(n.rest); last == "dualstack" {
		n.DualStack, n.rest = true, left
	}
}

// readRegion takes the last label if it says where the endpoint is.
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

// readRegionBefore takes a name whose last label is the service and whose last
// but one is the region.
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

// setRegion keeps a region. Its partition counts if it shares the suffix with
// the one the suffix gave: aws and aws-us-gov do.
func (n *name) setRegion(region, partition string) {
	n.Region = region
	if partition != "" && partition != n.Partition && known.partitions[partition] == known.partitions[n.Partition] {
		n.Partition = partition
	}
}

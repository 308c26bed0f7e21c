package aws

import "strings"

// maxServiceLabels is the highest number of labels of a service in the data
// (api.tunneling.iot).
const maxServiceLabels = 3

// readService reads the service at the end of the unread part, and the resource before
// it.
func (n *name) readService() {
	if n.Service != "" { // known by the suffix
		n.setResource(n.rest)
		return
	}
	start, s := matchService(n.rest)
	labels := n.rest[start:]
	n.Service = s.id
	n.FIPS = n.FIPS || saysFIPS(labels)
	n.DualStack = (n.DualStack || s.dualStack) && !s.single
	if labels == "compute-1" {
		n.Region = "us-east-1" // EC2 names from before there were other regions
	}
	n.setResource(strings.TrimSuffix(n.rest[:start], "."))
}

// setResource sets the customer's part, and reads the marks that AWS puts into it.
func (n *name) setResource(resource string) {
	switch n.Service {
	case "iot":
		resource = strings.TrimSuffix(resource, "-ats") // which certificate authority the endpoint uses
	case "elb":
		resource, n.DualStack = cutPrefix(resource, "dualstack.", n.DualStack)
	case "execute-api":
		n.VPCEndpoint = n.VPCEndpoint || strings.Contains(resource, "-vpce-")
	case "cognito-idp":
		n.FIPS = n.FIPS || strings.HasSuffix(resource, ".auth-fips")
	}
	if resource == "fips" { // fips.batch.us-east-1
		resource, n.FIPS = "", true
	}
	n.Resource = resource
}

// cutPrefix removes prefix from s. It returns true if the prefix was there or had is
// true.
func cutPrefix(s, prefix string, had bool) (string, bool) {
	s, ok := strings.CutPrefix(s, prefix)
	return s, ok || had
}

// matchService returns the service that rest ends in: the most labels that name a known
// one, else the last label.
func matchService(rest string) (start int, s service) {
	start = -1
	for i, labels := len(rest), 0; i > 0 && labels < maxServiceLabels; labels++ {
		i = strings.LastIndexByte(rest[:i], '.')
		if found, ok := known.services[rest[i+1:]]; ok {
			start, s = i+1, found
		}
	}
	if start < 0 {
		start = strings.LastIndexByte(rest, '.') + 1
		s = labelService(rest[start:])
	}
	return start, s
}

// labelService returns the service of a label that is not in the data.
func labelService(label string) service {
	switch {
	case strings.HasPrefix(label, "s3express-") && label != "s3express-control":
		return service{id: "s3express"} // followed by the zone
	case strings.HasPrefix(label, "vpce-svc-"):
		return service{id: "vpce"} // a customer's own service
	}
	plain := strings.TrimSuffix(strings.TrimPrefix(label, "fips-"), "-fips")
	if s, ok := known.services[plain]; ok {
		return s
	}
	return service{id: plain}
}

// saysFIPS reports whether the labels of a service mark a FIPS 140 endpoint.
func saysFIPS(labels string) bool {
	for rest, label := labels, ""; rest != ""; {
		rest, label = cutLast(rest)
		if strings.HasSuffix(label, "-fips") || strings.HasPrefix(label, "fips-") {
			return true
		}
	}
	return false
}

// isS3 reports whether label is one of S3's forms. The bucket before it may have any
// form, also that of a region.
func isS3(label string) bool {
	return label == "s3" || strings.HasPrefix(label, "s3-")
}

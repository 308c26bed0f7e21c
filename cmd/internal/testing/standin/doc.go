// Package standin plays far ends in tests: HTTP servers of the shapes of
// Elasticsearch and Splunk, which check what they are sent and can be killed
// and started again, and an authority that issues certificates.
package standin

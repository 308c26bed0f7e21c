// Package post carries lines in batches over HTTP, in the shapes that Splunk's
// HTTP Event Collector and Elasticsearch's _bulk take.
package post

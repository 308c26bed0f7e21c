// Package post delivers batches of lines in HTTP requests, to Splunk's HTTP Event
// Collector and to Elasticsearch's _bulk.
package post

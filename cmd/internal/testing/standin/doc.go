// Package standin has far ends for the tests of outputs: HTTP servers that behave as
// Elasticsearch and Splunk do, check what they receive, and can be killed and started
// again; a real rsyslogd; and an authority that issues certificates.
package standin

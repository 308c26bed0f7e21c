// Package standin has far ends for the tests of outputs: HTTP servers that behave as
// Elasticsearch and Splunk do, check what they receive, and can be killed and started
// again; real servers of syslog and HTTP, as far as they are installed; and an authority
// that issues certificates.
package standin

// Package aws knows AWS's host names: which are AWS's at all, and what a name
// says about the endpoint behind it - partition, region, service, and the
// customer's part.
//
// It works from the name alone. What it knows of AWS is embedded data
// (endpoints.tsv, computed from the AWS SDK's published partition data, and the
// tables of names that no SDK publishes); a region newer than the data is known
// by its shape.
package aws

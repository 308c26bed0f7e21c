// Package aws tells whether a host name is AWS's, and reads the partition, the region,
// the service and the customer's part in it.
//
// It uses the name alone, and embedded data: endpoints.tsv, made of the AWS SDK's
// published partition data, and tables of names that no SDK publishes. Regions newer
// than the data are recognised by the form of their names.
package aws

// Command go makes one call of the AWS SDK for Go v2.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

var versions = map[string]uint16{
	"TLSv1": tls.VersionTLS10, "TLSv1.1": tls.VersionTLS11, "TLSv1.2": tls.VersionTLS12, "TLSv1.3": tls.VersionTLS13,
}

func main() {
	if err := call(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func call() error {
	pem, err := os.ReadFile(os.Getenv("E2E_CA"))
	if err != nil {
		return err
	}
	config := &tls.Config{RootCAs: x509.NewCertPool()}
	config.RootCAs.AppendCertsFromPEM(pem)
	if v, held := versions[os.Getenv("E2E_TLS")]; held {
		config.MinVersion, config.MaxVersion = v, v
	}
	client := dynamodb.New(dynamodb.Options{
		Region: "us-west-2", RetryMaxAttempts: 1,
		Credentials: aws.NewCredentialsCache(credentials.NewStaticCredentialsProvider("e2e", "e2e", "")),
		HTTPClient:  &http.Client{Transport: &http.Transport{TLSClientConfig: config}},
	})
	out, err := client.ListTables(context.Background(), &dynamodb.ListTablesInput{})
	if err != nil {
		return err
	}
	fmt.Println(len(out.TableNames))
	return nil
}
